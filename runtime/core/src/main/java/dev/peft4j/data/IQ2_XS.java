package dev.peft4j.data;

import com.google.auto.service.AutoService;

/**
 * Blocks of 256 values, 2.3 bits each, as in llama.cpp and GGUF: eight values at a time are an
 * entry of a table, with signs from another and a scale of 4 bits for 16 of them under one of half
 * precision. It is read only: llama.cpp finds its codes by a search.
 */
@AutoService(Encoding.class)
public final class IQ2_XS extends GgufBlocks {
  /** Creates the encoding; all are equal. */
  public IQ2_XS() {
    super("IQ2_XS", 17, 256, 74);
  }

  @Override
  void decode(Codes codes, float[] values) {
    float d = codes.half(0);
    for (int i = 0; i < 256; i++) {
      int q = codes.u16(2 + 2 * (i / 8));
      float scale = d * (0.5f + codes.nibble(66 + i / 32, i % 32 / 16)) * 0.25f;
      int minus = IqGrids.signs(q >> 9) >> i % 8 & 1;
      values[i] = scale * IqGrids.IQ2_XS[8 * (q & 511) + i % 8] * (1 - 2 * minus);
    }
  }
}
