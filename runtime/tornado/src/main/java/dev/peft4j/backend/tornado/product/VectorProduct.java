package dev.peft4j.backend.tornado.product;

import dev.peft4j.backend.Strides;
import dev.peft4j.backend.tornado.kernel.GeneratedKernels;
import dev.peft4j.backend.tornado.kernel.KernelCall;
import dev.peft4j.backend.tornado.kernel.Places;
import dev.peft4j.backend.tornado.product.VectorKernel.Layout;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid3D;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * Products for devices with vector registers: {@link VectorKernel} over right operands that are in
 * blocks of 16 columns. Those that do not change are packed once; others are packed in the step if
 * they are transposed and used by many rows, and otherwise read as they are.
 */
final class VectorProduct implements MatrixProduct {
  private static final int LANES = VectorKernel.LANES;

  /** Of so few rows a transposed operand is read as it is; packing would take longer. */
  private static final int FEW = 32;

  /** With so many steps a kernel of its own for these sizes is worth compiling. */
  private static final int LONG = 64;

  private static final int MAX_ROWS = 16;

  private final boolean ofSizes;

  /** Creates products that have kernels of their own for the sizes of packed operands. */
  VectorProduct() {
    this(true);
  }

  /** Creates products whose kernels are for certain sizes, or all for any. */
  VectorProduct(boolean ofSizes) {
    this.ofSizes = ofSizes;
  }

  @Override
  public int packedSize(ProductShape s, boolean frozen) {
    boolean direct = !s.transposeB() || s.n() < LANES || s.m() <= FEW;
    return direct && !frozen ? 0 : s.batchB().size() * blocks(s.n()) * LANES * s.k();
  }

  @Override
  public KernelCall pack(ProductShape s, FloatArray b, FloatArray packed) {
    return Packing.columns(s, b, packed, blocks(s.n()));
  }

  @Override
  public KernelCall pack(ProductShape s, ShortArray b, DeviceCodes codes, FloatArray packed) {
    return Packing.columns(s, b, codes, packed, blocks(s.n()));
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
    Strides loops = s.loops();
    Layout layout = packed ? Layout.PACKED : s.transposeB() ? Layout.TRANSPOSED : Layout.PLAIN;
    boolean fixed = ofSizes && packed && s.batchB().size() == 1 && s.k() >= LONG;
    int rows = rows(s.m());
    VectorKernel kernel =
        new VectorKernel(
            rows,
            s.transposeA(),
            a == b,
            layout,
            s.n() % LANES,
            s.n() < LANES,
            s.m() % rows != 0,
            bias != null,
            accumulate,
            fixed ? s.n() : 0,
            fixed ? s.k() : 0,
            new Addressing.Batched(Places.of(loops)));
    return call(kernel, arguments(s, loops, a, b, bias, c), s.m(), s.n(), s.matrices());
  }

  @Override
  public KernelCall multiply(HeadProduct s, FloatArray a, FloatArray b, FloatArray c) {
    int rows = rows(s.m());
    VectorKernel kernel =
        new VectorKernel(
            rows,
            s.transposeA(),
            a == b,
            s.transposeB() ? Layout.TRANSPOSED : Layout.PLAIN,
            s.n() % LANES,
            s.n() < LANES,
            s.m() % rows != 0,
            false,
            false,
            0,
            0,
            new Addressing.Headed());
    return call(kernel, arguments(s, a, b, c), s.m(), s.n(), s.batch() * s.heads());
  }

  private static KernelCall call(
      VectorKernel kernel, List<Object> arguments, int m, int n, int matrices) {
    WorkerGrid grid =
        new WorkerGrid3D(blocks(n), (m + kernel.rows() - 1) / kernel.rows(), matrices);
    grid.setLocalWork(1, 1, 1);
    return new KernelCall(GeneratedKernels.of(kernel), arguments, grid);
  }

  /** What both kinds of kernels are called with. */
  static List<Object> arguments(
      ProductShape s,
      Strides loops,
      FloatArray a,
      FloatArray b,
      @Nullable FloatArray bias,
      FloatArray c) {
    List<Object> arguments = buffers(a, b, c);
    if (bias != null) {
      arguments.add(bias);
    }
    arguments.addAll(List.of(s.m(), s.n(), s.k()));
    for (int size : loops.sizes()) {
      arguments.add(size);
    }
    return arguments;
  }

  /** The same for heads. */
  static List<Object> arguments(HeadProduct s, FloatArray a, FloatArray b, FloatArray c) {
    List<Object> arguments = buffers(a, b, c);
    arguments.addAll(List.of(s.m(), s.n(), s.k()));
    arguments.addAll(s.numbers());
    return arguments;
  }

  private static List<Object> buffers(FloatArray a, FloatArray b, FloatArray c) {
    List<Object> arguments = new ArrayList<>(List.of(KernelCall.CONTEXT, a));
    if (a != b) {
      arguments.add(b);
    }
    arguments.add(c);
    return arguments;
  }

  private static int blocks(int n) {
    return (n + LANES - 1) / LANES;
  }

  /** Rows of a block; few enough that a short last block costs little. */
  private static int rows(int m) {
    return m >= 4 * MAX_ROWS ? MAX_ROWS : Integer.highestOneBit(Math.min(m, MAX_ROWS));
  }
}
