package dev.peft4j.data;

import com.google.auto.service.AutoService;

/**
 * Blocks of 256 values of 6 bits, 6.6 bits a value, as in llama.cpp and GGUF: 16 parts with a scale
 * of 8 bits under one of half precision. It is read only: llama.cpp finds its codes by a search.
 */
@AutoService(Encoding.class)
public final class Q6_K extends GgufBlocks {
  /** Creates the encoding; all are equal. */
  public Q6_K() {
    super("Q6_K", 14, 256, 210);
  }

  @Override
  public int[] wideFields() {
    return new int[] {208, 2};
  }

  @Override
  void decode(Codes codes, float[] values) {
    float d = codes.half(208);
    for (int i = 0; i < 256; i++) {
      int half = i / 128;
      int r = i % 128;
      int low = codes.nibble(half * 64 + r % 64, r / 64);
      int high = codes.two(128 + half * 32 + r % 32, r / 32);
      values[i] = d * codes.i8(192 + i / 16) * ((low | high << 4) - 32);
    }
  }
}
