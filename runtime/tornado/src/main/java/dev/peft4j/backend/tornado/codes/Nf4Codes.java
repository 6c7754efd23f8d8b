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

/** NF4 in blocks of 64: codes of four bits under their largest magnitude. */
@AutoService(DeviceCodes.class)
public final class Nf4Codes implements DeviceCodes {
  private static final Task4<KernelContext, IntArray, ShortArray, FloatArray> ALL =
      Nf4Codes::peftDecodeNf4Codes;
  private static final Task5<KernelContext, IntArray, ShortArray, IntArray, FloatArray> ROWS =
      Nf4Codes::peftGatherNf4Codes;
  private static final Task4<KernelContext, IntArray, ShortArray, FloatArray> PACKING =
      Nf4Codes::peftPackNf4Codes;

  private static final Task6<
          KernelContext, IntArray, FloatArray, ShortArray, FloatArray, FloatArray>
      FEW_ROWS = Nf4Codes::peftMultiplyNf4Codes;

  @Override
  public Encoding encoding() {
    return Encodings.NF4;
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

  static void peftDecodeNf4Codes(
      KernelContext context, IntArray sizes, ShortArray x, FloatArray y) {
    int n = sizes.get(0);
    int i = context.globalIdx;
    if (i < n) {
      y.set(i, value(x, i));
    }
  }

  static void peftGatherNf4Codes(
      KernelContext context, IntArray sizes, ShortArray table, IntArray ids, FloatArray y) {
    int total = sizes.get(0);
    int n = sizes.get(1);
    int i = context.globalIdx;
    if (i < total) {
      y.set(i, value(table, ids.get(i / n) * n + i % n));
    }
  }

  static void peftPackNf4Codes(
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

  static void peftMultiplyNf4Codes(
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

  /** Number {@code i}: what the code of one of 64 stands for, times the maximum before them. */
  private static float value(ShortArray x, int i) {
    int at = i / 64 * 18;
    int in = i % 64;
    int codes = x.get(at + 2 + in / 4) & 0xffff;
    int pair = in % 4 < 2 ? codes & 0xff : codes / 256;
    int code = in % 2 == 0 ? pair / 16 : pair % 16;
    return unit(code) * maximum(x.get(at) & 0xffff, x.get(at + 1) & 0xffff);
  }

  /**
   * The positive float32 of two halves of its bits, by exact multiplications: TornadoVM computes
   * with {@code intBitsToFloat} only what is stored at once.
   */
  private static float maximum(int low, int high) {
    int exponent = high / 128 % 256;
    int fraction = high % 128 * 65536 + low;
    float y = exponent == 0 ? 2 * fraction : 8388608 + fraction;
    // the power of two in two steps: neither the first nor the second leaves float32's range
    y = y * (exponent < 128 ? 5.8774718e-39f : 2.3841858e-7f); // 2⁻¹²⁷, 2⁻²²
    y = (exponent & 1) == 0 ? y : y * 2;
    y = (exponent & 2) == 0 ? y : y * 4;
    y = (exponent & 4) == 0 ? y : y * 16;
    y = (exponent & 8) == 0 ? y : y * 256;
    y = (exponent & 16) == 0 ? y : y * 65536;
    y = (exponent & 32) == 0 ? y : y * 4.2949673e9f;
    y = (exponent & 64) == 0 ? y : y * 1.8446744e19f;
    return exponent < 128 ? y * 1.1920929e-7f : y; // 2⁻²³
  }

  /** What a code stands for, as {@link dev.peft4j.data.Nf4} has it. */
  private static float unit(int code) {
    return switch (code) {
      case 0 -> -1f;
      case 1 -> -0.6961928009986877f;
      case 2 -> -0.5250730514526367f;
      case 3 -> -0.39491748809814453f;
      case 4 -> -0.28444138169288635f;
      case 5 -> -0.18477343022823334f;
      case 6 -> -0.09105003625154495f;
      case 7 -> 0f;
      case 8 -> 0.07958029955625534f;
      case 9 -> 0.16093020141124725f;
      case 10 -> 0.24611230194568634f;
      case 11 -> 0.33791524171829224f;
      case 12 -> 0.44070982933044434f;
      case 13 -> 0.5626170039176941f;
      case 14 -> 0.7229568362236023f;
      default -> 1f;
    };
  }
}
