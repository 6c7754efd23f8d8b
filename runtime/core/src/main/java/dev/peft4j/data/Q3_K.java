package dev.peft4j.data;

import com.google.auto.service.AutoService;

/**
 * Blocks of 256 values of 3 bits, 3.4 bits a value, as in llama.cpp and GGUF: 16 parts with a scale
 * of 6 bits under one of half precision; the third bits are in bytes of their own. It is read only:
 * llama.cpp finds its codes by a search.
 */
@AutoService(Encoding.class)
public final class Q3_K extends GgufBlocks {
  /** Creates the encoding; all are equal. */
  public Q3_K() {
    super("Q3_K", 11, 256, 110);
  }

  @Override
  public int[] wideFields() {
    return new int[] {108, 2};
  }

  @Override
  void decode(Codes codes, float[] values) {
    float d = codes.half(108);
    for (int i = 0; i < 256; i++) {
      int k = i / 16;
      int scale = codes.nibble(96 + k % 8, k / 8) | codes.two(104 + k % 4, k / 4) << 4;
      int high = codes.u8(i % 32) >> i / 32 & 1;
      int q = codes.two(32 + i / 128 * 32 + i % 32, i % 128 / 32) - (high == 0 ? 4 : 0);
      values[i] = d * (scale - 32) * q;
    }
  }
}
