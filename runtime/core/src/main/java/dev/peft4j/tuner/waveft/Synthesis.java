package dev.peft4j.tuner.waveft;

import dev.peft4j.nn.Buffer;

/**
 * The inverse of one level of a wavelet transform along one axis, of which the middle {@code size}
 * numbers count. Coefficients are padded to an even number.
 */
final class Synthesis {
  private final float[] low;
  private final int size;
  private final int padded;

  Synthesis(String wavelet, int size) {
    this.low = Wavelets.lowPass(wavelet);
    this.size = size;
    int padding = low.length - 2;
    this.padded = size + padding + (size + padding) % 2;
  }

  /** Returns the number of coefficients: the low ones, then as many high ones. */
  int padded() {
    return padded;
  }

  /** Returns where the first of {@code size} coefficients is among the padded ones. */
  int shift() {
    return (padded - size) / 2;
  }

  /**
   * A column of the matrix: what one coefficient adds to the numbers.
   *
   * @param rows where the column is not zero
   */
  record Column(int[] rows, float[] values) {}

  /** Returns a column of the {@link #matrix}. */
  Column column(int c) {
    int taps = low.length;
    int half = padded / 2;
    int first = 2 * (c % half) - from();
    int least = Math.max(0, -first);
    int end = Math.min(taps, size - first);
    int[] rows = new int[Math.max(0, end - least)];
    float[] values = new float[rows.length];
    for (int i = 0; i < rows.length; i++) {
      int tap = least + i;
      rows[i] = first + tap;
      values[i] = c < half ? low[tap] : high(tap);
    }
    return new Column(rows, values);
  }

  private float high(int tap) {
    return (tap % 2 == 0 ? 1 : -1) * low[low.length - 1 - tap];
  }

  /** The number of rows that are cut off at the beginning. */
  private int from() {
    int taps = low.length;
    int cut = (2 * taps - 3) / 2;
    int length = 2 * (padded / 2 - 1) + taps - 2 * cut;
    return cut + (length - size) / 2;
  }

  /** Returns the matrix (size, padded) that gives numbers from coefficients. */
  Buffer matrix() {
    int taps = low.length;
    int half = padded / 2;
    int from = from();
    float[] m = new float[size * padded];
    for (int k = 0; k < half; k++) {
      for (int tap = 0; tap < taps; tap++) {
        int row = 2 * k + tap - from;
        if (row >= 0 && row < size) {
          m[row * padded + k] = low[tap];
          m[row * padded + half + k] = high(tap);
        }
      }
    }
    return new Buffer(m, size, padded);
  }
}
