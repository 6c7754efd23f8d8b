package dev.peft4j.data;

import com.google.auto.service.AutoService;

/**
 * Blocks of 256 values, 1.6 bits each, as in llama.cpp and GGUF: eight values at a time are an
 * entry of a table of −1, 0 and 1, shifted by an eighth up or down, with a scale of 3 bits for 32
 * of them under one of half precision. It is read only: llama.cpp finds its codes by a search.
 */
@AutoService(Encoding.class)
public final class IQ1_S extends GgufBlocks {
  static final float SHIFT = 0.125f;

  /** Creates the encoding; all are equal. */
  public IQ1_S() {
    super("IQ1_S", 19, 256, 50);
  }

  @Override
  void decode(Codes codes, float[] values) {
    float d = codes.half(0);
    for (int i = 0; i < 256; i++) {
      int k = i / 8;
      int high = codes.u16(34 + 2 * (i / 32));
      int entry = codes.u8(2 + k) | (high >> 3 * (k % 4) & 7) << 8;
      float shift = (high & 0x8000) == 0 ? SHIFT : -SHIFT;
      float scale = d * (2 * (high >> 12 & 7) + 1);
      values[i] = scale * (IqGrids.IQ1[8 * entry + i % 8] + shift);
    }
  }
}
