package dev.peft4j.data;

import com.google.auto.service.AutoService;

/**
 * Blocks of 256 values of 2 bits, 2.6 bits a value, as in llama.cpp and GGUF: 16 parts with a scale
 * and a minimum of 4 bits, under a scale for each of these of half precision. It is read only:
 * llama.cpp finds its codes by a search.
 */
@AutoService(Encoding.class)
public final class Q2_K extends GgufBlocks {
  /** Creates the encoding; all are equal. */
  public Q2_K() {
    super("Q2_K", 10, 256, 84);
  }

  @Override
  public int[] wideFields() {
    return new int[] {80, 2, 82, 2};
  }

  @Override
  void decode(Codes codes, float[] values) {
    float d = codes.half(80);
    float min = codes.half(82);
    for (int i = 0; i < 256; i++) {
      float scale = d * codes.nibble(i / 16, 0);
      int q = codes.two(16 + i / 128 * 32 + i % 32, i % 128 / 32);
      values[i] = scale * q - min * codes.nibble(i / 16, 1);
    }
  }
}
