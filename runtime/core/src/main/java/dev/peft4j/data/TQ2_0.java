package dev.peft4j.data;

import com.google.auto.service.AutoService;

/**
 * Blocks of 256 values −1, 0 or 1 (or 2) under one scale of half precision, 2.1 bits a value, as in
 * llama.cpp and GGUF: four values in a byte. It is read only.
 */
@AutoService(Encoding.class)
public final class TQ2_0 extends GgufBlocks {
  /** Creates the encoding; all are equal. */
  public TQ2_0() {
    super("TQ2_0", 35, 256, 66);
  }

  @Override
  public int[] wideFields() {
    return new int[] {64, 2};
  }

  @Override
  void decode(Codes codes, float[] values) {
    float d = codes.half(64);
    for (int i = 0; i < 256; i++) {
      values[i] = d * (codes.two(i / 128 * 32 + i % 32, i % 128 / 32) - 1);
    }
  }
}
