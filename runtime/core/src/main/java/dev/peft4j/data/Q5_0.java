package dev.peft4j.data;

import com.google.auto.service.AutoService;

/**
 * Blocks of 32 values of 5 bits under one scale of half precision, 5.5 bits a value, as in
 * llama.cpp and GGUF: scale · (code − 16); the low four bits are as in {@link Q4_0}, the fifth ones
 * in four bytes of their own. Encoding is ggml's ({@code quantize_row_q5_0_ref}), bit for bit: the
 * scale is the value of largest magnitude over −16.
 */
@AutoService(Encoding.class)
public final class Q5_0 extends GgufBlocks {
  /** Creates the encoding; all are equal. */
  public Q5_0() {
    super("Q5_0", 6, 32, 22);
  }

  @Override
  public int[] wideFields() {
    return new int[] {0, 2, 2, 4};
  }

  @Override
  void decode(Codes codes, float[] values) {
    float d = codes.half(0);
    int high = codes.i32(2);
    for (int j = 0; j < 16; j++) {
      values[j] = d * ((codes.nibble(6 + j, 0) | (high >> j & 1) << 4) - 16);
      values[j + 16] = d * ((codes.nibble(6 + j, 1) | (high >> j + 16 & 1) << 4) - 16);
    }
  }

  @Override
  public boolean encodes() {
    return true;
  }

  @Override
  boolean encode(float[] values, Codes codes) {
    float d = largest(values) / -16;
    float factor = reciprocal(d);
    codes.half(0, d);
    int high = 0;
    for (int j = 0; j < 16; j++) {
      int first = Math.min(31, (int) (values[j] * factor + 16.5f) & 0xff);
      int second = Math.min(31, (int) (values[j + 16] * factor + 16.5f) & 0xff);
      codes.set(6 + j, first & 15 | second << 4);
      high |= first >> 4 << j | second >> 4 << j + 16;
    }
    for (int i = 0; i < 4; i++) {
      codes.set(2 + i, high >> 8 * i);
    }
    return isHalf(d);
  }
}
