package dev.peft4j.data;

import com.google.auto.service.AutoService;

/**
 * Blocks of 32 values of 5 bits under a scale and a minimum of half precision, 6 bits a value, as
 * in llama.cpp and GGUF: scale · code + minimum; the low four bits are as in {@link Q4_1}, the
 * fifth ones in four bytes of their own. Encoding is ggml's ({@code quantize_row_q5_1_ref}), bit
 * for bit.
 */
@AutoService(Encoding.class)
public final class Q5_1 extends GgufBlocks {
  /** Creates the encoding; all are equal. */
  public Q5_1() {
    super("Q5_1", 7, 32, 24);
  }

  @Override
  public int[] wideFields() {
    return new int[] {0, 2, 2, 2, 4, 4};
  }

  @Override
  void decode(Codes codes, float[] values) {
    float d = codes.half(0);
    float m = codes.half(2);
    int high = codes.i32(4);
    for (int j = 0; j < 16; j++) {
      values[j] = d * (codes.nibble(8 + j, 0) | (high >> j & 1) << 4) + m;
      values[j + 16] = d * (codes.nibble(8 + j, 1) | (high >> j + 16 & 1) << 4) + m;
    }
  }

  @Override
  public boolean encodes() {
    return true;
  }

  @Override
  boolean encode(float[] values, Codes codes) {
    float min = Extremes.min(values);
    float d = (Extremes.max(values) - min) / 31;
    float factor = reciprocal(d);
    codes.half(0, d);
    codes.half(2, min);
    int high = 0;
    for (int j = 0; j < 16; j++) {
      int first = Extremes.code(values[j], min, factor, 31);
      int second = Extremes.code(values[j + 16], min, factor, 31);
      codes.set(8 + j, first & 15 | second << 4);
      high |= first >> 4 << j | second >> 4 << j + 16;
    }
    for (int i = 0; i < 4; i++) {
      codes.set(4 + i, high >> 8 * i);
    }
    return isHalf(d) && isHalf(min);
  }
}
