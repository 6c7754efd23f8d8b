package dev.peft4j.backend.tornado.product;

import dev.peft4j.backend.tornado.kernel.KernelCall;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.WorkerGrid3D;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task7;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * Kernels that bring right operands into blocks of 16 columns, filled up with zeros: as [matrix]
 * [block][k][16]. Those that read 16-bit numbers expand them on the device.
 *
 * <p>TornadoVM compiles {@code intBitsToFloat} only right where the result is stored at once.
 */
final class Packing {
  private static final int LANES = VectorKernel.LANES;
  private static final int GROUP = 64;

  // TornadoVM finds compiled code again by its object
  private static final Task7<
          KernelContext, FloatArray, FloatArray, Integer, Integer, Integer, Integer>
      PACK = Packing::peftPack;
  private static final Task7<
          KernelContext, ShortArray, FloatArray, Integer, Integer, Integer, Integer>
      PACK_BRAIN = Packing::peftPackBrain;
  private static final Task7<
          KernelContext, ShortArray, FloatArray, Integer, Integer, Integer, Integer>
      PACK_HALF = Packing::peftPackHalf;
  private static final Task4<KernelContext, ShortArray, FloatArray, Integer> EXPAND_BRAIN =
      Packing::peftExpandBrain;
  private static final Task4<KernelContext, ShortArray, FloatArray, Integer> EXPAND_HALF =
      Packing::peftExpandHalf;

  private Packing() {}

  static KernelCall columns(ProductShape s, FloatArray b, FloatArray packed, int blocks) {
    return new KernelCall(PACK, arguments(s, b, packed), grid(s, blocks));
  }

  static KernelCall columns(
      ProductShape s, ShortArray b, HalfFormat format, FloatArray packed, int blocks) {
    Object code =
        switch (format) {
          case BFLOAT16 -> PACK_BRAIN;
          case FLOAT16 -> PACK_HALF;
        };
    return new KernelCall(code, arguments(s, b, packed), grid(s, blocks));
  }

  /** Expands 16-bit numbers in their order. */
  static KernelCall expand(ShortArray b, HalfFormat format, FloatArray out, int n) {
    Object code =
        switch (format) {
          case BFLOAT16 -> EXPAND_BRAIN;
          case FLOAT16 -> EXPAND_HALF;
        };
    WorkerGrid grid = new WorkerGrid1D((n + GROUP - 1) / GROUP * GROUP);
    grid.setLocalWork(GROUP, 1, 1);
    return new KernelCall(code, List.of(KernelCall.CONTEXT, b, out, n), grid);
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

  static void peftPack(
      KernelContext context,
      FloatArray b,
      FloatArray packed,
      int n,
      int k,
      int columnStep,
      int innerStep) {
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

  static void peftPackBrain(
      KernelContext context,
      ShortArray b,
      FloatArray packed,
      int n,
      int k,
      int columnStep,
      int innerStep) {
    int p = context.globalIdx;
    int block = context.globalIdy;
    int matrix = context.globalIdz;
    if (p < k) {
      int blocks = (n + LANES - 1) / LANES;
      int to = ((matrix * blocks + block) * k + p) * LANES;
      int from = matrix * n * k + p * innerStep;
      for (int l = 0; l < LANES; l++) {
        int column = block * LANES + l;
        if (column < n) {
          packed.set(to + l, Float.intBitsToFloat(b.get(from + column * columnStep) << 16));
        } else {
          packed.set(to + l, 0f);
        }
      }
    }
  }

  static void peftPackHalf(
      KernelContext context,
      ShortArray b,
      FloatArray packed,
      int n,
      int k,
      int columnStep,
      int innerStep) {
    int p = context.globalIdx;
    int block = context.globalIdy;
    int matrix = context.globalIdz;
    if (p < k) {
      int blocks = (n + LANES - 1) / LANES;
      int to = ((matrix * blocks + block) * k + p) * LANES;
      int from = matrix * n * k + p * innerStep;
      for (int l = 0; l < LANES; l++) {
        int column = block * LANES + l;
        if (column < n) {
          expandHalf(packed, to + l, b.get(from + column * columnStep));
        } else {
          packed.set(to + l, 0f);
        }
      }
    }
  }

  static void peftExpandBrain(KernelContext context, ShortArray b, FloatArray out, int n) {
    int i = context.globalIdx;
    if (i < n) {
      out.set(i, Float.intBitsToFloat(b.get(i) << 16));
    }
  }

  static void peftExpandHalf(KernelContext context, ShortArray b, FloatArray out, int n) {
    int i = context.globalIdx;
    if (i < n) {
      expandHalf(out, i, b.get(i));
    }
  }

  private static void expandHalf(FloatArray out, int at, int half) {
    int sign = half & 0x8000;
    int exponent = half & 0x7c00;
    int fraction = half & 0x3ff;
    if (exponent == 0) {
      float subnormal = fraction * 5.9604645e-8f; // 2⁻²⁴
      out.set(at, sign == 0 ? subnormal : -subnormal);
    } else {
      // the exponent is moved from a bias of 15 to one of 127; infinity and NaN stay what they are
      int bias = exponent == 0x7c00 ? 0x70000000 : 0x38000000;
      out.set(at, Float.intBitsToFloat(sign << 16 | ((half & 0x7fff) << 13) + bias));
    }
  }
}
