package dev.peft4j.random;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/**
 * NumPy's generator {@code numpy.random.default_rng(seed)}: the same seed and the same order of
 * calls give the same numbers. Its bits are those of PCG64 (O'Neill 2014), whose state NumPy mixes
 * from the seed.
 */
public final class NumpyGenerator {
  private static final BigInteger MULTIPLIER =
      new BigInteger("2360ed051fc65da44385df649fccf645", 16);
  private static final BigInteger MASK = BigInteger.ONE.shiftLeft(128).subtract(BigInteger.ONE);
  private static final long UNSIGNED = 0xffffffffL;

  /** Up to this many the drawn numbers are kept in a table, and above it, if they are many, not. */
  private static final int SMALL = 10_000;

  private static final int SHARE = 50;

  private final long incrementHigh;
  private final long incrementLow;
  private long high;
  private long low;
  private long half;
  private boolean hasHalf;

  /**
   * Creates a generator.
   *
   * @param seed from 0
   */
  public NumpyGenerator(long seed) {
    if (seed < 0) {
      throw new IllegalArgumentException("a seed of NumPy's is " + seed + ", needed 0 or more");
    }
    long[] words = SeedSequence.words(seed);
    BigInteger state = wide(words[0], words[1]);
    BigInteger increment = wide(words[2], words[3]).shiftLeft(1).setBit(0).and(MASK);
    state = state.add(increment).multiply(MULTIPLIER).add(increment).and(MASK);
    incrementHigh = increment.shiftRight(Long.SIZE).longValue();
    incrementLow = increment.longValue();
    high = state.shiftRight(Long.SIZE).longValue();
    low = state.longValue();
  }

  private static BigInteger wide(long high, long low) {
    return unsigned(high).shiftLeft(Long.SIZE).or(unsigned(low));
  }

  private static BigInteger unsigned(long bits) {
    return new BigInteger(Long.toUnsignedString(bits));
  }

  /** Returns the next 64 random bits. */
  public long nextLong() {
    long m = MULTIPLIER.longValue();
    long newLow = low * m;
    long newHigh =
        Math.unsignedMultiplyHigh(low, m)
            + high * m
            + low * MULTIPLIER.shiftRight(Long.SIZE).longValue();
    long sum = newLow + incrementLow;
    high = newHigh + incrementHigh + (Long.compareUnsigned(sum, newLow) < 0 ? 1 : 0);
    low = sum;
    return Long.rotateRight(high ^ low, (int) (high >>> 58));
  }

  /** Returns the next 32 random bits: the lower half of 64, then the upper one. */
  private long nextUnsigned() {
    if (hasHalf) {
      hasHalf = false;
      return half;
    }
    long bits = nextLong();
    half = bits >>> Integer.SIZE;
    hasHalf = true;
    return bits & UNSIGNED;
  }

  /** Returns a whole number in [0, max], by Lemire's method (2019). */
  private int upTo(int max) {
    if (max == 0) {
      return 0;
    }
    long count = max + 1L;
    long product = nextUnsigned() * count;
    long rest = product & UNSIGNED;
    if (rest < count) {
      long threshold = (UNSIGNED - max) % count;
      while (rest < threshold) {
        product = nextUnsigned() * count;
        rest = product & UNSIGNED;
      }
    }
    return (int) (product >>> Integer.SIZE);
  }

  /** Puts values into a random order: {@code rng.shuffle(values)}. */
  public void shuffle(int[] values) {
    for (int i = values.length - 1; i > 0; i--) {
      swap(values, i, upToByMask(i));
    }
  }

  /** Returns a whole number in [0, max]: of as many bits as it has, drawn until it fits. */
  private int upToByMask(int max) {
    int mask = -1 >>> Integer.numberOfLeadingZeros(max);
    int value = (int) nextUnsigned() & mask;
    while (value > max) {
      value = (int) nextUnsigned() & mask;
    }
    return value;
  }

  private void shuffle(int[] values, int first) {
    for (int i = values.length - 1; i >= first; i--) {
      swap(values, i, upTo(i));
    }
  }

  private static void swap(int[] values, int a, int b) {
    int value = values[a];
    values[a] = values[b];
    values[b] = value;
  }

  /**
   * Returns some of the numbers 0 … n-1, each at most once: {@code rng.choice(n, size=count,
   * replace=False)}.
   *
   * @throws IllegalArgumentException if {@code count} is not in [0, n]
   */
  public int[] choice(int n, int count) {
    if (count < 0 || count > n) {
      throw new IllegalArgumentException(
          "a choice of " + count + " of " + n + " numbers, needed at most as many");
    }
    if (n > SMALL && count > n / SHARE) {
      int[] all = new int[n];
      Arrays.setAll(all, i -> i);
      shuffle(all, Math.max(n - count, 1));
      return Arrays.copyOfRange(all, n - count, n);
    }
    return chosen(n, count);
  }

  /** Floyd's method: a number that is taken already gives its place to the largest allowed one. */
  private int[] chosen(int n, int count) {
    Set<Integer> taken = HashSet.newHashSet(count);
    int[] chosen = new int[count];
    for (int j = n - count; j < n; j++) {
      int value = upTo(j);
      int given = taken.add(value) ? value : j;
      taken.add(given);
      chosen[j - n + count] = given;
    }
    shuffle(chosen, 1);
    return chosen;
  }
}
