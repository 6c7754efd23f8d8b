package dev.peft4j.data;

import com.google.auto.service.AutoService;

/**
 * Blocks of 256 values, 1.75 bits each, as in llama.cpp and GGUF: as {@link IQ1_S}, with a shift
 * for eight values and a scale for 16; the scale of half precision is in four pieces. It is read
 * only: llama.cpp finds its codes by a search.
 */
@AutoService(Encoding.class)
public final class IQ1_M extends GgufBlocks {
  /** Creates the encoding; all are equal. */
  public IQ1_M() {
    super("IQ1_M", 29, 256, 56);
  }

  @Override
  void decode(Codes codes, float[] values) {
    int bits = 0;
    for (int k = 0; k < 4; k++) {
      bits |= codes.u16(48 + 2 * k) >> 12 << 4 * k;
    }
    float d = Float.float16ToFloat((short) bits);
    for (int i = 0; i < 256; i++) {
      int k = i / 8;
      int high = codes.nibble(32 + k / 2, k % 2);
      int entry = codes.u8(k) | (high & 7) << 8;
      float shift = (high & 8) == 0 ? IQ1_S.SHIFT : -IQ1_S.SHIFT;
      float scale = d * (2 * (codes.u16(48 + 2 * (i / 64)) >> 3 * (i % 64 / 16) & 7) + 1);
      values[i] = scale * (IqGrids.IQ1[8 * entry + i % 8] + shift);
    }
  }
}
