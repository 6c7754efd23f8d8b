package dev.peft4j.backend.tornado.codes;

import com.google.auto.service.AutoService;
import dev.peft4j.backend.tornado.product.DeviceCodes;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task5;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task6;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/** Q8_0: signed bytes, 32 of them under a scale of half precision. */
@AutoService(DeviceCodes.class)
public final class Q8_0Codes implements DeviceCodes {
  private static final Task4<KernelContext, IntArray, ShortArray, FloatArray> ALL =
      Q8_0Codes::peftDecodeQ8_0Codes;
  private static final Task5<KernelContext, IntArray, ShortArray, IntArray, FloatArray> ROWS =
      Q8_0Codes::peftGatherQ8_0Codes;
  private static final Task4<KernelContext, IntArray, ShortArray, FloatArray> PACKING =
      Q8_0Codes::peftPackQ8_0Codes;

  private static final Task6<
          KernelContext, IntArray, FloatArray, ShortArray, FloatArray, FloatArray>
      FEW_ROWS = Q8_0Codes::peftMultiplyQ8_0Codes;

  @Override
  public Encoding encoding() {
    return Encodings.Q8_0;
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

  @Override
  public Object fewRows() {
    return FEW_ROWS;
  }

  static void peftDecodeQ8_0Codes(
      KernelContext context, IntArray sizes, ShortArray x, FloatArray y) {
    int n = sizes.get(0);
    int i = context.globalIdx;
    if (i < n) {
      y.set(i, value(x, i));
    }
  }

  static void peftGatherQ8_0Codes(
      KernelContext context, IntArray sizes, ShortArray table, IntArray ids, FloatArray y) {
    int total = sizes.get(0);
    int n = sizes.get(1);
    int i = context.globalIdx;
    if (i < total) {
      y.set(i, value(table, ids.get(i / n) * n + i % n));
    }
  }

  static void peftPackQ8_0Codes(
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
        float decoded = 0;
        if (column < n) {
          decoded = value(b, from + column * columnStep);
        }
        packed.set(to + l, decoded);
      }
    }
  }

  static void peftMultiplyQ8_0Codes(
      KernelContext context,
      IntArray sizes,
      FloatArray a,
      ShortArray b,
      FloatArray bias,
      FloatArray c) {
    int total = sizes.get(0);
    int n = sizes.get(1);
    int k = sizes.get(2);
    int i = context.globalIdx;
    if (i < total) {
      int row = i / n * k;
      int column = i % n * k;
      int half = k / 2;
      float even = 0;
      float odd = 0;
      for (int p = 0; p < half; p++) {
        even += a.get(row + 2 * p) * value(b, column + 2 * p);
        odd += a.get(row + 2 * p + 1) * value(b, column + 2 * p + 1);
      }
      if (k % 2 == 1) {
        even += a.get(row + k - 1) * value(b, column + k - 1);
      }
      c.set(i, even + odd + bias.get(i % n * sizes.get(3)));
    }
  }

  /** Number {@code i}: the code of 32 that share a scale, times the scale before them. */
  private static float value(ShortArray x, int i) {
    int at = i / 32 * 17;
    int in = i % 32;
    int pair = x.get(at + 1 + in / 2) & 0xffff;
    int code = in % 2 == 0 ? pair & 0xff : pair / 256;
    int signed = code > 127 ? code - 256 : code;
    return half(x.get(at) & 0xffff) * signed;
  }

  /**
   * The number that the bits of an IEEE 754 half are, by exact multiplications: TornadoVM computes
   * with {@code intBitsToFloat} only what is stored at once.
   */
  private static float half(int bits) {
    int exponent = bits / 1024 % 32;
    int fraction = bits % 1024;
    float y = exponent == 0 ? 2 * fraction : 1024 + fraction;
    y = exponent == 31 ? (fraction == 0 ? 1 : 0) * 3.4028235e38f : y * 2.9802322e-8f; // 2⁻²⁵
    y = (exponent & 1) == 0 ? y : y * 2;
    y = (exponent & 2) == 0 ? y : y * 4;
    y = (exponent & 4) == 0 ? y : y * 16;
    y = (exponent & 8) == 0 ? y : y * 256;
    y = (exponent & 16) == 0 ? y : y * 65536;
    // not a number is infinity · 0
    y = exponent == 31 && fraction > 0 ? 3.4028235e38f * (1024 + fraction) * y : y;
    return bits < 32768 ? y : -y;
  }
}
