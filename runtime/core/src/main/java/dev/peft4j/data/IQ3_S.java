package dev.peft4j.data;

import com.google.auto.service.AutoService;

/**
 * Blocks of 256 values, 3.4 bits each, as in llama.cpp and GGUF: four values at a time are an entry
 * of a table, with a sign each and a scale of 4 bits for 32 of them under one of half precision. It
 * is read only: llama.cpp finds its codes by a search.
 */
@AutoService(Encoding.class)
public final class IQ3_S extends GgufBlocks {
  /** Creates the encoding; all are equal. */
  public IQ3_S() {
    super("IQ3_S", 21, 256, 110);
  }

  @Override
  void decode(Codes codes, float[] values) {
    float d = codes.half(0);
    for (int i = 0; i < 256; i++) {
      int k = i / 4;
      int entry = codes.u8(2 + k) | (codes.u8(66 + k / 8) >> k % 8 & 1) << 8;
      float scale = d * (1 + 2 * codes.nibble(106 + i / 64, i % 64 / 32));
      int minus = codes.u8(74 + i / 8) >> i % 8 & 1;
      values[i] = scale * IqGrids.IQ3_S[4 * entry + i % 4] * (1 - 2 * minus);
    }
  }
}
