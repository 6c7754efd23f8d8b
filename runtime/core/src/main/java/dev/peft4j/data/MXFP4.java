package dev.peft4j.data;

import com.google.auto.service.AutoService;

/**
 * Blocks of 32 floats of 4 bits (E2M1) under a power of two, 4.25 bits a value: OCP's microscaling
 * format, as in llama.cpp and GGUF. Encoding is that of the gguf package, bit for bit: the power is
 * that of the largest magnitude, and each value takes the nearest code.
 */
@AutoService(Encoding.class)
public final class MXFP4 extends GgufBlocks {
  /** Creates the encoding; all are equal. */
  public MXFP4() {
    super("MXFP4", 39, 32, 17);
  }

  @Override
  public int[] wideFields() {
    return new int[] {};
  }

  @Override
  void decode(Codes codes, float[] values) {
    float d = power(codes.u8(0));
    for (int j = 0; j < 16; j++) {
      values[j] = d * E2M1.DOUBLED[codes.nibble(1 + j, 0)];
      values[j + 16] = d * E2M1.DOUBLED[codes.nibble(1 + j, 1)];
    }
  }

  @Override
  public boolean encodes() {
    return true;
  }

  @Override
  boolean encode(float[] values, Codes codes) {
    float most = Math.abs(largest(values));
    // the logarithm is rounded to float32 before it is cut, as numpy does
    double log = most > 0 ? Math.floor((float) (Math.log(most) / Math.log(2))) : 0;
    int exponent = most > 0 ? (int) log - 2 + 127 & 0xff : 0;
    float d = power(exponent);
    codes.set(0, exponent);
    for (int j = 0; j < 16; j++) {
      codes.set(1 + j, nearest(values[j], d) | nearest(values[j + 16], d) << 4);
    }
    return true;
  }

  /** Half of 2 to the power {@code exponent} − 127. */
  private static float power(int exponent) {
    return Float.intBitsToFloat(exponent < 2 ? 0x00200000 << exponent : exponent - 1 << 23);
  }

  private static int nearest(float value, float d) {
    int best = 0;
    float least = Float.POSITIVE_INFINITY;
    for (int q = 0; q < 16; q++) {
      float error = Math.abs(d * E2M1.DOUBLED[q] - value);
      if (error < least) {
        least = error;
        best = q;
      }
    }
    return best;
  }
}
