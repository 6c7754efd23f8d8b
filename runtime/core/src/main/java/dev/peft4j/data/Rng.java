package dev.peft4j.data;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * A source of random numbers whose sequence is fixed by its seed. Layers draw their first weights
 * from {@link #current()}, which is bound for a scope by {@link #with}; without a binding every
 * call starts from a new, unpredictable seed.
 *
 * <p>Numbers come from the SplitMix64 mix of a counter, so the state is two longs and can be saved
 * and restored.
 */
public final class Rng {
  private static final ScopedValue<Rng> CURRENT = ScopedValue.newInstance();
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private volatile long seed;
  private final AtomicLong counter;

  /** Creates a generator that starts at the beginning of the sequence of {@code seed}. */
  public Rng(long seed) {
    this(seed, 0);
  }

  /**
   * Creates a generator of {@code seed} that has drawn {@code position} numbers already: the state
   * saved by a checkpoint.
   */
  public Rng(long seed, long position) {
    this.seed = seed;
    this.counter = new AtomicLong(position);
  }

  /** Returns the generator bound by {@link #with}, or a new one with an unpredictable seed. */
  public static Rng current() {
    return CURRENT.isBound() ? CURRENT.get() : new Rng(new SplittableRandom().nextLong());
  }

  /**
   * Runs {@code body} with a generator of {@code seed} as {@link #current()}, for example to build
   * a model.
   */
  public static <T> T with(long seed, Supplier<T> body) {
    return with(new Rng(seed), body);
  }

  /** Runs {@code body} with {@code rng} as {@link #current()}. */
  public static <T> T with(Rng rng, Supplier<T> body) {
    return ScopedValue.where(CURRENT, rng).call(body::get);
  }

  /** Returns the seed. */
  public long seed() {
    return seed;
  }

  /** Returns how many numbers have been drawn. */
  public long position() {
    return counter.get();
  }

  /**
   * Continues as a generator of {@code seed} that has drawn {@code position} numbers already, as
   * when a checkpoint is restored.
   */
  public void restore(long seed, long position) {
    this.seed = seed;
    counter.set(position);
  }

  /** Returns the next 64 random bits. */
  public long nextLong() {
    return at(mix(seed), counter.getAndIncrement());
  }

  private static long at(long start, long position) {
    return mix(start + GOLDEN_GAMMA * (position + 1));
  }

  /** Returns an independent generator; the same seed and order of calls give the same one. */
  public Rng split() {
    return new Rng(nextLong());
  }

  /**
   * Returns a generator of the next {@code n} numbers of this sequence, which this one skips: so
   * several threads draw the same numbers as one would.
   */
  public Rng ahead(int n) {
    return new Rng(seed, counter.getAndAdd(n));
  }

  /** Returns {@code n} numbers, uniform in [lo, hi). */
  public float[] uniform(int n, float lo, float hi) {
    requireCount(n);
    long start = mix(seed);
    long position = counter.getAndAdd(n);
    float[] out = new float[n];
    for (int i = 0; i < n; i++) {
      out[i] = (float) (lo + (hi - lo) * unit(at(start, position + i)));
    }
    return out;
  }

  /** Returns {@code n} normally distributed numbers (Box-Muller). */
  public float[] normal(int n, float mean, float std) {
    requireCount(n);
    long start = mix(seed);
    long position = counter.getAndAdd((n + 1) & ~1);
    float[] out = new float[n];
    for (int i = 0; i < n; i += 2) {
      double r = Math.sqrt(-2 * Math.log(1 - unit(at(start, position + i))));
      double phi = 2 * Math.PI * unit(at(start, position + i + 1));
      out[i] = (float) (mean + std * r * Math.cos(phi));
      if (i + 1 < n) {
        out[i + 1] = (float) (mean + std * r * Math.sin(phi));
      }
    }
    return out;
  }

  private static void requireCount(int n) {
    if (n < 0) {
      throw new IllegalArgumentException("random numbers: " + n + " of them, needed 0 or more");
    }
  }

  /** Returns a random order of 0 … n-1 (Fisher-Yates). */
  public int[] permutation(int n) {
    requireCount(n);
    int[] p = new int[n];
    for (int i = 0; i < n; i++) {
      int j = (int) (nextDouble() * (i + 1));
      p[i] = p[j];
      p[j] = i;
    }
    return p;
  }

  /** Returns the items in a random order, in a new list. */
  public <T> List<T> shuffled(List<T> items) {
    List<T> all = new ArrayList<>(items.size());
    for (int i : permutation(items.size())) {
      all.add(items.get(i));
    }
    return all;
  }

  /** Returns a number, uniform in [0, 1) with 53 random bits. */
  public double nextDouble() {
    return unit(nextLong());
  }

  private static double unit(long bits) {
    return (bits >>> 11) * 0x1.0p-53;
  }

  /**
   * Applies SplitMix64's finalizer (Steele, Lea, Flood 2014), a bijection of 64 bits that looks
   * random.
   */
  public static long mix(long z) {
    long x = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    x = (x ^ (x >>> 27)) * 0x94D049BB133111EBL;
    return x ^ (x >>> 31);
  }
}
