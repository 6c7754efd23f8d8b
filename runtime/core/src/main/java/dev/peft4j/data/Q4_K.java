package dev.peft4j.data;

import com.google.auto.service.AutoService;

/**
 * Blocks of 256 values of 4 bits, 4.5 bits a value, as in llama.cpp and GGUF: 8 parts with a scale
 * and a minimum of 6 bits, under a scale for each of these of half precision. It is read only:
 * llama.cpp finds its codes by a search.
 */
@AutoService(Encoding.class)
public final class Q4_K extends GgufBlocks {
  /** Creates the encoding; all are equal. */
  public Q4_K() {
    super("Q4_K", 12, 256, 144);
  }

  @Override
  public int[] wideFields() {
    return new int[] {0, 2, 2, 2};
  }

  @Override
  void decode(Codes codes, float[] values) {
    float d = codes.half(0);
    float min = codes.half(2);
    for (int j = 0; j < 8; j++) {
      float scale = d * KScales.scale(codes, 4, j);
      float shift = min * KScales.minimum(codes, 4, j);
      for (int i = 0; i < 32; i++) {
        values[32 * j + i] = scale * codes.nibble(16 + j / 2 * 32 + i, j % 2) - shift;
      }
    }
  }
}
