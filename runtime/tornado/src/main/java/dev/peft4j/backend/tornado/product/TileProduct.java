package dev.peft4j.backend.tornado.product;

import dev.peft4j.backend.Strides;
import dev.peft4j.backend.tornado.kernel.GeneratedKernels;
import dev.peft4j.backend.tornado.kernel.KernelCall;
import dev.peft4j.backend.tornado.kernel.Places;
import java.util.List;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid3D;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * Products for devices with local memory, GPUs: {@link TileKernel}. Operands are read as they are,
 * in every order; only weights in codes are decoded, on the device.
 */
final class TileProduct implements MatrixProduct {
  @Override
  public int packedSize(ProductShape s, boolean frozen) {
    return 0;
  }

  @Override
  public KernelCall pack(ProductShape s, FloatArray b, FloatArray packed) {
    throw new IllegalStateException("products of this device read their operands as they are");
  }

  @Override
  public KernelCall pack(ProductShape s, ShortArray b, DeviceCodes codes, FloatArray packed) {
    return codes.decode(b, packed, s.sizeB());
  }

  @Override
  public KernelCall multiply(
      ProductShape s,
      FloatArray a,
      FloatArray b,
      boolean packed,
      @Nullable FloatArray bias,
      FloatArray c,
      boolean accumulate) {
    if (packed) {
      throw new IllegalArgumentException("products of this device read their operands as they are");
    }
    Strides loops = s.loops();
    TileKernel kernel =
        new TileKernel(
            s.transposeA(),
            s.transposeB(),
            a == b,
            bias != null,
            accumulate,
            new Addressing.Batched(Places.of(loops)));
    List<Object> arguments = VectorProduct.arguments(s, loops, a, b, bias, c);
    return call(kernel, arguments, s.m(), s.n(), s.matrices());
  }

  @Override
  public KernelCall multiply(HeadProduct s, FloatArray a, FloatArray b, FloatArray c) {
    TileKernel kernel =
        new TileKernel(
            s.transposeA(), s.transposeB(), a == b, false, false, new Addressing.Headed());
    List<Object> arguments = VectorProduct.arguments(s, a, b, c);
    return call(kernel, arguments, s.m(), s.n(), s.batch() * s.heads());
  }

  private static KernelCall call(
      TileKernel kernel, List<Object> arguments, int m, int n, int matrices) {
    int tile = TileKernel.TILE;
    int side = TileKernel.SIDE;
    int across = (n + tile - 1) / tile;
    int down = (m + tile - 1) / tile;
    WorkerGrid grid = new WorkerGrid3D(across * side, down * side, matrices);
    grid.setLocalWork(side, side, 1);
    return new KernelCall(GeneratedKernels.of(kernel), arguments, grid);
  }
}
