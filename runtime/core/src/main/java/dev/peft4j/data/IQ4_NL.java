package dev.peft4j.data;

import com.google.auto.service.AutoService;

/**
 * Blocks of 32 values of 4 bits under one scale of half precision, 4.5 bits a value, as in
 * llama.cpp and GGUF: the scale times one of sixteen whole numbers that lie closer together around
 * zero. It is read only: llama.cpp finds its codes by a search.
 */
@AutoService(Encoding.class)
public final class IQ4_NL extends GgufBlocks {
  /** What the codes stand for. */
  static final int[] VALUES = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
  };

  /** Creates the encoding; all are equal. */
  public IQ4_NL() {
    super("IQ4_NL", 20, 32, 18);
  }

  @Override
  public int[] wideFields() {
    return new int[] {0, 2};
  }

  @Override
  void decode(Codes codes, float[] values) {
    float d = codes.half(0);
    for (int j = 0; j < 16; j++) {
      values[j] = d * VALUES[codes.nibble(2 + j, 0)];
      values[j + 16] = d * VALUES[codes.nibble(2 + j, 1)];
    }
  }
}
