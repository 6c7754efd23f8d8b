package dev.peft4j.random;

import java.util.Arrays;

/**
 * NumPy's older generator {@code numpy.random.RandomState(seed)}, which scikit-learn draws from:
 * the same seed and the same order of calls give the same numbers.
 */
public final class NumpyRandomState {
  private static final double UNIT = 0x1.0p-53;

  private final MersenneTwister bits;

  /** Creates a generator; the seed is a whole number of 32 bits. */
  public NumpyRandomState(long seed) {
    bits = new MersenneTwister((int) seed);
  }

  /** Returns the next number, uniform in [0, 1) with 53 random bits. */
  public double nextDouble() {
    long upper = bits.nextInt() >>> 5;
    long lower = bits.nextInt() >>> 6;
    return (upper << 26 | lower) * UNIT;
  }

  /**
   * Returns some of the numbers 0 … n-1, each at most once and all equally likely: {@code choice(n,
   * size=count, replace=False, p=ones(n) / n)}.
   *
   * @throws IllegalArgumentException if {@code count} is not in [0, n]
   */
  public int[] choice(int n, int count) {
    if (count < 0 || count > n) {
      throw new IllegalArgumentException(
          "a choice of " + count + " of " + n + " numbers, needed at most as many");
    }
    double[] p = new double[n];
    Arrays.fill(p, 1.0 / n);
    int[] chosen = new int[count];
    int found = 0;
    while (found < count) {
      double[] sums = sums(p);
      double[] draws = new double[count - found];
      Arrays.setAll(draws, i -> nextDouble());
      for (double draw : draws) {
        int value = place(sums, draw);
        if (p[value] > 0) { // not drawn in this round or an earlier one
          p[value] = 0;
          chosen[found++] = value;
        }
      }
    }
    return chosen;
  }

  private static double[] sums(double[] p) {
    double[] sums = new double[p.length];
    double sum = 0;
    for (int i = 0; i < p.length; i++) {
      sum += p[i];
      sums[i] = sum;
    }
    for (int i = 0; i < p.length; i++) {
      sums[i] /= sum;
    }
    return sums;
  }

  /** The first place whose sum is above a number. */
  private static int place(double[] sums, double number) {
    int from = 0;
    int to = sums.length;
    while (from < to) {
      int middle = (from + to) >>> 1;
      if (sums[middle] > number) {
        to = middle;
      } else {
        from = middle + 1;
      }
    }
    return Math.min(from, sums.length - 1);
  }
}
