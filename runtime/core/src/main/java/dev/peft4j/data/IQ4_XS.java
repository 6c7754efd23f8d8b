package dev.peft4j.data;

import com.google.auto.service.AutoService;

/**
 * Blocks of 256 values of 4 bits, 4.25 bits a value, as in llama.cpp and GGUF: the numbers of
 * {@link IQ4_NL} in 8 parts with a scale of 6 bits under one of half precision. It is read only:
 * llama.cpp finds its codes by a search.
 */
@AutoService(Encoding.class)
public final class IQ4_XS extends GgufBlocks {
  /** Creates the encoding; all are equal. */
  public IQ4_XS() {
    super("IQ4_XS", 23, 256, 136);
  }

  @Override
  public int[] wideFields() {
    return new int[] {0, 2, 2, 2};
  }

  @Override
  void decode(Codes codes, float[] values) {
    float d = codes.half(0);
    int high = codes.u16(2);
    for (int j = 0; j < 8; j++) {
      float scale = d * ((codes.nibble(4 + j / 2, j % 2) | (high >> 2 * j & 3) << 4) - 32);
      for (int i = 0; i < 32; i++) {
        values[32 * j + i] = scale * IQ4_NL.VALUES[codes.nibble(8 + 16 * j + i % 16, i / 16)];
      }
    }
  }
}
