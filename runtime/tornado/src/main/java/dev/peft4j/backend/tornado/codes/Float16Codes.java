package dev.peft4j.backend.tornado.codes;

import com.google.auto.service.AutoService;
import dev.peft4j.backend.tornado.product.DeviceCodes;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task5;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/** IEEE 754 half precision. */
@AutoService(DeviceCodes.class)
public final class Float16Codes implements DeviceCodes {
  private static final Task4<KernelContext, IntArray, ShortArray, FloatArray> ALL =
      Float16Codes::peftDecodeFloat16Codes;
  private static final Task5<KernelContext, IntArray, ShortArray, IntArray, FloatArray> ROWS =
      Float16Codes::peftGatherFloat16Codes;
  private static final Task4<KernelContext, IntArray, ShortArray, FloatArray> PACKING =
      Float16Codes::peftPackFloat16Codes;

  @Override
  public Encoding encoding() {
    return Encodings.FLOAT16;
  }

  @Override
  public Object all() {
    return ALL;
  }

  @Override
  public Object rows() {
    return ROWS;
  }

  @Override
  public Object packing() {
    return PACKING;
  }

  static void peftDecodeFloat16Codes(
      KernelContext context, IntArray sizes, ShortArray x, FloatArray y) {
    int n = sizes.get(0);
    int i = context.globalIdx;
    if (i < n) {
      store(y, i, x.get(i));
    }
  }

  static void peftGatherFloat16Codes(
      KernelContext context, IntArray sizes, ShortArray table, IntArray ids, FloatArray y) {
    int total = sizes.get(0);
    int n = sizes.get(1);
    int i = context.globalIdx;
    if (i < total) {
      store(y, i, table.get(ids.get(i / n) * n + i % n));
    }
  }

  static void peftPackFloat16Codes(
      KernelContext context, IntArray sizes, ShortArray b, FloatArray packed) {
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
        if (column < n) {
          store(packed, to + l, b.get(from + column * columnStep));
        } else {
          packed.set(to + l, 0f);
        }
      }
    }
  }

  /** Stores the number that the bits of an IEEE 754 half are. */
  private static void store(FloatArray out, int at, int half) {
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
