package dev.peft4j.backend.tornado.product;

import dev.peft4j.backend.tornado.kernel.KernelCall;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid3D;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * Kernels that bring right operands into blocks of 16 columns, filled up with zeros: as [matrix]
 * [block][k][16]. Codes are decoded while they are packed, by the kernels of {@link DeviceCodes}.
 */
final class Packing {
  private static final int LANES = VectorKernel.LANES;
  private static final int GROUP = 64;

  // TornadoVM finds compiled code again by its object
  private static final Task4<KernelContext, IntArray, FloatArray, FloatArray> PACK =
      Packing::peftPack;

  private Packing() {}

  static KernelCall columns(ProductShape s, FloatArray b, FloatArray packed, int blocks) {
    return new KernelCall(PACK, arguments(s, b, packed), grid(s, blocks));
  }

  static KernelCall columns(
      ProductShape s, ShortArray b, DeviceCodes codes, FloatArray packed, int blocks) {
    return new KernelCall(codes.packing(), arguments(s, b, packed), grid(s, blocks));
  }

  private static List<Object> arguments(ProductShape s, Object b, FloatArray packed) {
    int column = s.transposeB() ? s.k() : 1;
    int inner = s.transposeB() ? 1 : s.n();
    return List.of(KernelCall.CONTEXT, b, packed, s.n(), s.k(), column, inner);
  }

  private static WorkerGrid grid(ProductShape s, int blocks) {
    WorkerGrid grid =
        new WorkerGrid3D((s.k() + GROUP - 1) / GROUP * GROUP, blocks, s.batchB().size());
    grid.setLocalWork(GROUP, 1, 1);
    return grid;
  }

  static void peftPack(KernelContext context, IntArray sizes, FloatArray b, FloatArray packed) {
    int n = sizes.get(0);
    int k = sizes.get(1);
    int columnStep = sizes.get(2);
    int innerStep = sizes.get(3);
    int p = context.globalIdx;
    int block = context.globalIdy;
    int matrix = context.globalIdz;
    if (p < k) {
      int blocks = (n + LANES - 1) / LANES;
      int to = ((matrix * blocks + block) * k + p) * LANES;
      int from = matrix * n * k + p * innerStep;
      for (int l = 0; l < LANES; l++) {
        int column = block * LANES + l;
        float value = 0;
        if (column < n) {
          value = b.get(from + column * columnStep);
        }
        packed.set(to + l, value);
      }
    }
  }
}
