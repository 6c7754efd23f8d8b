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

  /** Returns the matrix (size, padded) that gives numbers from coefficients. */
  Buffer matrix() {
    int taps = low.length;
    int half = padded / 2;
    int cut = (2 * taps - 3) / 2;
    int length = 2 * (half - 1) + taps - 2 * cut;
    int from = cut + (length - size) / 2;
    float[] m = new float[size * padded];
    for (int k = 0; k < half; k++) {
      for (int tap = 0; tap < taps; tap++) {
        int row = 2 * k + tap - from;
        if (row >= 0 && row < size) {
          m[row * padded + k] = low[tap];
          m[row * padded + half + k] = (tap % 2 == 0 ? 1 : -1) * low[taps - 1 - tap];
        }
      }
    }
    return new Buffer(m, size, padded);
  }
}
