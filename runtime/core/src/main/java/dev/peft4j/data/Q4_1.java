package dev.peft4j.data;

import com.google.auto.service.AutoService;

/**
 * Blocks of 32 values of 4 bits under a scale and a minimum of half precision, 5 bits a value, as
 * in llama.cpp and GGUF: scale · code + minimum; value j is in the low half of byte j, value j + 16
 * in the high one. Encoding is ggml's ({@code quantize_row_q4_1_ref}), bit for bit.
 */
@AutoService(Encoding.class)
public final class Q4_1 extends GgufBlocks {
  /** Creates the encoding; all are equal. */
  public Q4_1() {
    super("Q4_1", 3, 32, 20);
  }

  @Override
  public int[] wideFields() {
    return new int[] {0, 2, 2, 2};
  }

  @Override
  void decode(Codes codes, float[] values) {
    float d = codes.half(0);
    float m = codes.half(2);
    for (int j = 0; j < 16; j++) {
      values[j] = d * codes.nibble(4 + j, 0) + m;
      values[j + 16] = d * codes.nibble(4 + j, 1) + m;
    }
  }

  @Override
  public boolean encodes() {
    return true;
  }

  @Override
  boolean encode(float[] values, Codes codes) {
    float min = Extremes.min(values);
    float d = (Extremes.max(values) - min) / 15;
    float factor = reciprocal(d);
    codes.half(0, d);
    codes.half(2, min);
    for (int j = 0; j < 16; j++) {
      int low = Extremes.code(values[j], min, factor, 15);
      codes.set(4 + j, low | Extremes.code(values[j + 16], min, factor, 15) << 4);
    }
    return isHalf(d) && isHalf(min);
  }
}
