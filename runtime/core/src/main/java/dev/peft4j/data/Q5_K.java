package dev.peft4j.data;

import com.google.auto.service.AutoService;

/**
 * Blocks of 256 values of 5 bits, 5.5 bits a value, as in llama.cpp and GGUF: as {@link Q4_K}, with
 * the fifth bits in bytes of their own. It is read only: llama.cpp finds its codes by a search.
 */
@AutoService(Encoding.class)
public final class Q5_K extends GgufBlocks {
  /** Creates the encoding; all are equal. */
  public Q5_K() {
    super("Q5_K", 13, 256, 176);
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
        int high = codes.u8(16 + i) >> j & 1;
        int q = codes.nibble(48 + j / 2 * 32 + i, j % 2) | high << 4;
        values[32 * j + i] = scale * q - shift;
      }
    }
  }
}
