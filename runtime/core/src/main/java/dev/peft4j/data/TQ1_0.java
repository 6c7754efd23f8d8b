package dev.peft4j.data;

import com.google.auto.service.AutoService;

/**
 * Blocks of 256 values −1, 0 or 1 under one scale of half precision, 1.7 bits a value, as in
 * llama.cpp and GGUF: five digits of base 3 in a byte. It is read only.
 */
@AutoService(Encoding.class)
public final class TQ1_0 extends GgufBlocks {
  /** Creates the encoding; all are equal. */
  public TQ1_0() {
    super("TQ1_0", 34, 256, 54);
  }

  @Override
  public int[] wideFields() {
    return new int[] {52, 2};
  }

  @Override
  void decode(Codes codes, float[] values) {
    int at = digits(codes, 0, 32, 5, 0, values);
    at = digits(codes, 32, 16, 5, at, values);
    digits(codes, 48, 4, 4, at, values);
  }

  /** Writes the first digit of each of {@code n} bytes, then the second ones and so on. */
  private static int digits(Codes codes, int from, int n, int digits, int at, float[] values) {
    float d = codes.half(52);
    int power = 1;
    for (int k = 0; k < digits; k++) {
      for (int i = 0; i < n; i++) {
        int digit = (codes.u8(from + i) * power & 0xff) * 3 >> 8;
        values[at + k * n + i] = d * (digit - 1);
      }
      power *= 3;
    }
    return at + digits * n;
  }
}
