package dev.peft4j.data;

import com.google.auto.service.AutoService;

/**
 * Blocks of 256 values, 3.06 bits each, as in llama.cpp and GGUF: four values at a time are an
 * entry of a table, with signs from another and a scale of 4 bits for 32 of them under one of half
 * precision. It is read only: llama.cpp finds its codes by a search.
 */
@AutoService(Encoding.class)
public final class IQ3_XXS extends GgufBlocks {
  /** Creates the encoding; all are equal. */
  public IQ3_XXS() {
    super("IQ3_XXS", 18, 256, 98);
  }

  @Override
  void decode(Codes codes, float[] values) {
    float d = codes.half(0);
    for (int j = 0; j < 8; j++) {
      int signs = codes.i32(66 + 4 * j);
      float scale = d * (0.5f + (signs >>> 28)) * 0.5f;
      for (int i = 0; i < 32; i++) {
        int magnitude = IqGrids.IQ3_XXS[4 * codes.u8(2 + 8 * j + i / 4) + i % 4];
        int minus = IqGrids.signs(signs >> 7 * (i / 8) & 127) >> i % 8 & 1;
        values[32 * j + i] = scale * magnitude * (1 - 2 * minus);
      }
    }
  }
}
