package dev.peft4j.data;

import com.google.auto.service.AutoService;

/**
 * NF4 of QLoRA (Dettmers et al., 2023): codes of 4 bits that stand for quantiles of the normal
 * distribution, in blocks under their largest magnitude; 4.5 bits a value, 4.13 with double
 * quantization. Codes and maxima are those of bitsandbytes.
 */
@AutoService(Encoding.class)
public final class Nf4 extends FourBitBlocks {
  private static final float[] VALUES = {
    -1,
    -0.6961928009986877f,
    -0.5250730514526367f,
    -0.39491748809814453f,
    -0.28444138169288635f,
    -0.18477343022823334f,
    -0.09105003625154495f,
    0,
    0.07958029955625534f,
    0.16093020141124725f,
    0.24611230194568634f,
    0.33791524171829224f,
    0.44070982933044434f,
    0.5626170039176941f,
    0.7229568362236023f,
    1
  };

  private static final int[] RISING = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

  /** Creates the encoding in blocks of 64; all are equal. */
  public Nf4() {
    this(64, false);
  }

  /**
   * Creates the encoding.
   *
   * @param blockValues values of a block, a power of two from 32 to 4096
   * @param doubleQuantization whether the maxima of blocks are quantized too
   * @throws IllegalArgumentException if there are no blocks of that size
   */
  public Nf4(int blockValues, boolean doubleQuantization) {
    super("NF4", blockValues, doubleQuantization, VALUES, RISING);
  }
}
