package dev.peft4j.backend.tornado.op;

import dev.peft4j.backend.tornado.kernel.KernelCall;
import dev.peft4j.data.DType;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task5;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * 16-bit numbers as float32, made on the device: for all of a value, or for the rows of a table
 * that are looked up.
 *
 * <p>TornadoVM compiles {@code intBitsToFloat} only right where the result is stored at once.
 */
public final class WidenKernels {
  private static final Task4<KernelContext, IntArray, ShortArray, FloatArray> BRAIN =
      WidenKernels::peftWidenBrain;
  private static final Task4<KernelContext, IntArray, ShortArray, FloatArray> HALF =
      WidenKernels::peftWidenHalf;
  private static final Task5<KernelContext, IntArray, ShortArray, IntArray, FloatArray>
      GATHER_BRAIN = WidenKernels::peftGatherBrain;
  private static final Task5<KernelContext, IntArray, ShortArray, IntArray, FloatArray>
      GATHER_HALF = WidenKernels::peftGatherHalf;

  private WidenKernels() {}

  /** The numbers {@code x} of a 16-bit type, n of them. */
  public static KernelCall widen(ShortArray x, DType type, FloatArray y, int n) {
    return new KernelCall(
        choose(type, BRAIN, HALF), List.of(KernelCall.CONTEXT, x, y, n), Grids.items(n));
  }

  /** The rows of {@code table} (…, n), numbers of a 16-bit type, that {@code count} ids name. */
  public static KernelCall gather(
      ShortArray table, DType type, IntArray ids, FloatArray y, int count, int n) {
    return new KernelCall(
        choose(type, GATHER_BRAIN, GATHER_HALF),
        List.of(KernelCall.CONTEXT, table, ids, y, count * n, n),
        Grids.items(count * n));
  }

  /** The one of two kernels that is for {@code type}. */
  public static Object choose(DType type, Object bfloat16, Object float16) {
    return switch (type) {
      case BFLOAT16 -> bfloat16;
      case FLOAT16 -> float16;
      default -> throw new IllegalArgumentException(type + " is no 16-bit type");
    };
  }

  static void peftWidenBrain(KernelContext context, IntArray sizes, ShortArray x, FloatArray y) {
    int n = sizes.get(0);
    int i = context.globalIdx;
    if (i < n) {
      y.set(i, Float.intBitsToFloat(x.get(i) << 16));
    }
  }

  static void peftWidenHalf(KernelContext context, IntArray sizes, ShortArray x, FloatArray y) {
    int n = sizes.get(0);
    int i = context.globalIdx;
    if (i < n) {
      store(y, i, x.get(i));
    }
  }

  static void peftGatherBrain(
      KernelContext context, IntArray sizes, ShortArray table, IntArray ids, FloatArray y) {
    int total = sizes.get(0);
    int n = sizes.get(1);
    int i = context.globalIdx;
    if (i < total) {
      y.set(i, Float.intBitsToFloat(table.get(ids.get(i / n) * n + i % n) << 16));
    }
  }

  static void peftGatherHalf(
      KernelContext context, IntArray sizes, ShortArray table, IntArray ids, FloatArray y) {
    int total = sizes.get(0);
    int n = sizes.get(1);
    int i = context.globalIdx;
    if (i < total) {
      store(y, i, table.get(ids.get(i / n) * n + i % n));
    }
  }

  /** Stores the number that the bits of an IEEE 754 half are; for kernels. */
  public static void store(FloatArray out, int at, int half) {
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
