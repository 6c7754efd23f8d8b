package dev.peft4j.data;

import com.google.auto.service.AutoService;

/**
 * Blocks of 32 values of 4 bits under one scale of half precision, 4.5 bits a value, as in
 * llama.cpp and GGUF: scale · (code − 8); value j is in the low half of byte j, value j + 16 in the
 * high one. Encoding is ggml's ({@code quantize_row_q4_0_ref}), bit for bit: the scale is the value
 * of largest magnitude over −8.
 */
@AutoService(Encoding.class)
public final class Q4_0 extends GgufBlocks {
  /** Creates the encoding; all are equal. */
  public Q4_0() {
    super("Q4_0", 2, 32, 18);
  }

  @Override
  public int[] wideFields() {
    return new int[] {0, 2};
  }

  @Override
  void decode(Codes codes, float[] values) {
    float d = codes.half(0);
    for (int j = 0; j < 16; j++) {
      values[j] = d * (codes.nibble(2 + j, 0) - 8);
      values[j + 16] = d * (codes.nibble(2 + j, 1) - 8);
    }
  }

  @Override
  public boolean encodes() {
    return true;
  }

  @Override
  boolean encode(float[] values, Codes codes) {
    float d = largest(values) / -8;
    float factor = reciprocal(d);
    codes.half(0, d);
    for (int j = 0; j < 16; j++) {
      codes.set(2 + j, code(values[j], factor) | code(values[j + 16], factor) << 4);
    }
    return isHalf(d);
  }

  private static int code(float value, float factor) {
    return Math.min(15, (int) (value * factor + 8.5f) & 0xff);
  }
}
