package dev.peft4j.data;

import com.google.auto.service.AutoService;

/**
 * Blocks of 256 values, 2.6 bits each, as in llama.cpp and GGUF: eight values at a time are an
 * entry of a table, with a sign each and a scale of 4 bits for 16 of them under one of half
 * precision. It is read only: llama.cpp finds its codes by a search.
 */
@AutoService(Encoding.class)
public final class IQ2_S extends GgufBlocks {
  /** Creates the encoding; all are equal. */
  public IQ2_S() {
    super("IQ2_S", 22, 256, 82);
  }

  @Override
  void decode(Codes codes, float[] values) {
    float d = codes.half(0);
    for (int i = 0; i < 256; i++) {
      int k = i / 8;
      int entry = codes.u8(2 + k) | codes.two(66 + k / 4, k % 4) << 8;
      float scale = d * (0.5f + codes.nibble(74 + i / 32, i % 32 / 16)) * 0.25f;
      int minus = codes.u8(34 + k) >> i % 8 & 1;
      values[i] = scale * IqGrids.IQ2_S[8 * entry + i % 8] * (1 - 2 * minus);
    }
  }
}
