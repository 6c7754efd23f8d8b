package dev.peft4j.data;

import com.google.auto.service.AutoService;

/**
 * Blocks of 64 floats of 4 bits (E2M1), 16 of them under a float of 8 bits without sign (E4M3), 4.5
 * bits a value, as in llama.cpp and GGUF. It is read only.
 */
@AutoService(Encoding.class)
public final class NVFP4 extends GgufBlocks {
  /** Creates the encoding; all are equal. */
  public NVFP4() {
    super("NVFP4", 40, 64, 36);
  }

  @Override
  public int[] wideFields() {
    return new int[] {};
  }

  @Override
  void decode(Codes codes, float[] values) {
    for (int part = 0; part < 4; part++) {
      float d = scale(codes.u8(part));
      for (int j = 0; j < 8; j++) {
        int at = 4 + 8 * part + j;
        values[16 * part + j] = d * E2M1.DOUBLED[codes.nibble(at, 0)];
        values[16 * part + j + 8] = d * E2M1.DOUBLED[codes.nibble(at, 1)];
      }
    }
  }

  /** Half of an E4M3 number; its sign bit is ignored, and what would be NaN is 0. */
  private static float scale(int bits) {
    int exponent = bits >> 3 & 15;
    int mantissa = bits & 7;
    if (bits == 0x7f) {
      return 0;
    }
    return exponent == 0
        ? Math.scalb((float) mantissa, -10)
        : Math.scalb(1 + mantissa / 8f, exponent - 8);
  }
}
