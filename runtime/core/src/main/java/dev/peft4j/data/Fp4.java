package dev.peft4j.data;

import com.google.auto.service.AutoService;

/**
 * FP4 of bitsandbytes: floats of 4 bits, in blocks under their largest magnitude; 4.5 bits a value,
 * 4.13 with double quantization. {@link Nf4} is nearer to weights as they are.
 */
@AutoService(Encoding.class)
public final class Fp4 extends FourBitBlocks {
  private static final float[] TWELFTHS = {0, 0.0625f, 8, 12, 4, 6, 2, 3};

  /** Codes by rising value: the negative ones have the highest bit, and there are two zeros. */
  private static final int[] RISING = {11, 10, 13, 12, 15, 14, 9, 0, 8, 1, 6, 7, 4, 5, 2, 3};

  /** Creates the encoding in blocks of 64; all are equal. */
  public Fp4() {
    this(64, false);
  }

  /**
   * Creates the encoding.
   *
   * @param blockValues values of a block, a power of two from 32 to 4096
   * @param doubleQuantization whether the maxima of blocks are quantized too
   * @throws IllegalArgumentException if there are no blocks of that size
   */
  public Fp4(int blockValues, boolean doubleQuantization) {
    super("FP4", blockValues, doubleQuantization, values(), RISING);
  }

  private static float[] values() {
    float[] values = new float[16];
    for (int i = 0; i < 8; i++) {
      values[i] = TWELFTHS[i] / 12;
      values[i + 8] = 0 - values[i];
    }
    return values;
  }
}
