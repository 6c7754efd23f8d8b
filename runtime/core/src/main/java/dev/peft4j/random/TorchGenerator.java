package dev.peft4j.random;

import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * torch's random generator on a CPU: the same seed and the same order of calls give the numbers of
 * {@code torch.Generator().manual_seed(seed)}. Whole numbers, uniform numbers and permutations are
 * the same to the last bit. Normal numbers may differ from torch's in their last bit, as torch's
 * own do between machines.
 */
public final class TorchGenerator {
  /** The seed that a new generator has in torch. */
  public static final long DEFAULT_SEED = 67280421310721L;

  /** The numbers that torch turns into normal ones at once. */
  private static final int LANES = 16;

  private static final int HALF = LANES / 2;
  private static final float FLOAT_UNIT = 0x1.0p-24f;
  private static final double DOUBLE_UNIT = 0x1.0p-53;

  /** From this range of whole numbers on torch draws 64 bits. */
  private static final long WIDE = 1L << 28;

  private static final long UNSIGNED = 0xffffffffL;

  private static final ScopedValue<TorchGenerator> GLOBAL = ScopedValue.newInstance();

  private final MersenneTwister bits;
  private double spare;
  private boolean hasSpare;

  /** Creates a generator of {@link #DEFAULT_SEED}. */
  public TorchGenerator() {
    this(DEFAULT_SEED);
  }

  /** Creates a generator; as in torch the lower 32 bits of the seed count. */
  public TorchGenerator(long seed) {
    bits = new MersenneTwister((int) seed);
  }

  /**
   * Runs {@code body} with this generator as torch's global one: what peft draws from that without
   * a seed of its own, such as the start of PiSSA with iterations, is drawn from this one, in
   * peft's order.
   */
  public <T> T asGlobal(Supplier<T> body) {
    return ScopedValue.where(GLOBAL, this).call(body::get);
  }

  /** Returns the generator that stands for torch's global one in this scope, or null. */
  public static @Nullable TorchGenerator global() {
    return GLOBAL.isBound() ? GLOBAL.get() : null;
  }

  /** Returns how many times 32 random bits have been drawn. */
  public long position() {
    return bits.position();
  }

  /** Skips the next {@code n} draws of 32 random bits. */
  public void skip(long n) {
    for (long i = 0; i < n; i++) {
      bits.nextInt();
    }
    hasSpare = false;
  }

  /** Returns the next 32 random bits, as a number from 0. */
  public long nextUnsigned() {
    return bits.nextInt() & UNSIGNED;
  }

  /** Returns the next 64 random bits. */
  public long nextLong() {
    long high = nextUnsigned();
    return high << 32 | nextUnsigned();
  }

  /**
   * Returns {@code n} numbers, uniform in [from, to): {@code torch.empty(n).uniform_(from, to)}.
   */
  public float[] uniform(int n, double from, double to) {
    float[] values = new float[n];
    float low = (float) from;
    float width = (float) to - low;
    for (int i = 0; i < n; i++) {
      values[i] = Math.fma(bits(24) * FLOAT_UNIT, width, low);
    }
    return values;
  }

  /** Returns {@code n} numbers, uniform in [0, 1): {@code torch.rand(n)}. */
  public float[] uniform(int n) {
    return uniform(n, 0, 1);
  }

  /** Returns {@code n} numbers of double precision, uniform in [from, to). */
  public double[] uniformDoubles(int n, double from, double to) {
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] = nextDouble() * (to - from) + from;
    }
    return values;
  }

  /**
   * Returns {@code n} numbers, uniform in [from, to), as torch draws them for a tensor of bfloat16:
   * those of float32, rounded.
   */
  public float[] uniformBFloat16(int n, double from, double to) {
    float[] values = uniform(n, from, to);
    float first = toBFloat16((float) from);
    float last = toBFloat16((float) to);
    for (int i = 0; i < n; i++) {
      float v = toBFloat16(values[i]);
      values[i] = v >= last ? first : v; // rounded up to the end, which is not a part of the range
    }
    return values;
  }

  /** Rounds a finite number to bfloat16, to the nearest and of two to the even one. */
  public static float toBFloat16(float v) {
    int bits = Float.floatToRawIntBits(v);
    return Float.intBitsToFloat(bits + 0x7fff + (bits >>> 16 & 1) & 0xffff0000);
  }

  /** Returns {@code n} numbers of N(mean, std): {@code torch.empty(n).normal_(mean, std)}. */
  public float[] normal(int n, double mean, double std) {
    float[] values = new float[n];
    if (n < LANES) {
      for (int i = 0; i < n; i++) {
        values[i] = (float) (nextNormal() * std + mean);
      }
      return values;
    }
    for (int i = 0; i < n; i++) {
      values[i] = bits(24) * FLOAT_UNIT;
    }
    for (int i = 0; i + LANES <= n; i += LANES) {
      turn(values, i, (float) mean, (float) std);
    }
    if (n % LANES != 0) { // the last ones are drawn once more, some of them a second time
      int at = n - LANES;
      for (int i = at; i < n; i++) {
        values[i] = bits(24) * FLOAT_UNIT;
      }
      turn(values, at, (float) mean, (float) std);
    }
    return values;
  }

  /** Turns uniform numbers into normal ones by Box and Muller's method, eight pairs at once. */
  private static void turn(float[] values, int at, float mean, float std) {
    for (int i = at; i < at + HALF; i++) {
      float radius = (float) Math.sqrt(-2 * (float) Math.log(1 - values[i]));
      float angle = (float) (2 * Math.PI) * values[i + HALF];
      values[i] = radius * (float) Math.cos(angle) * std + mean;
      values[i + HALF] = radius * (float) Math.sin(angle) * std + mean;
    }
  }

  /** Returns {@code n} numbers of N(mean, std) in double precision. */
  public double[] normalDoubles(int n, double mean, double std) {
    double[] values = new double[n];
    if (n < LANES) {
      for (int i = 0; i < n; i++) {
        values[i] = nextNormal() * std + mean;
      }
      return values;
    }
    for (int i = 0; i < n; i++) {
      values[i] = nextDouble();
    }
    for (int i = 0; i + LANES <= n; i += LANES) {
      turn(values, i, mean, std);
    }
    if (n % LANES != 0) {
      int at = n - LANES;
      for (int i = at; i < n; i++) {
        values[i] = nextDouble();
      }
      turn(values, at, mean, std);
    }
    return values;
  }

  private static void turn(double[] values, int at, double mean, double std) {
    for (int i = at; i < at + HALF; i++) {
      double radius = Math.sqrt(-2 * Math.log(1 - values[i]));
      double angle = 2 * Math.PI * values[i + HALF];
      values[i] = radius * Math.cos(angle) * std + mean;
      values[i + HALF] = radius * Math.sin(angle) * std + mean;
    }
  }

  /** The method for few numbers, in double precision; every second one waits for the next call. */
  private double nextNormal() {
    if (hasSpare) {
      hasSpare = false;
      return spare;
    }
    double angle = 2 * Math.PI * nextDouble();
    double radius = Math.sqrt(-2 * Math.log1p(-nextDouble()));
    spare = radius * Math.sin(angle);
    hasSpare = true;
    return radius * Math.cos(angle);
  }

  /** Returns the next number, uniform in [0, 1) with 53 random bits. */
  public double nextDouble() {
    return (nextLong() & (1L << 53) - 1) * DOUBLE_UNIT;
  }

  private int bits(int count) {
    return bits.nextInt() & (1 << count) - 1;
  }

  /** Returns {@code n} whole numbers in [from, to): {@code torch.randint(from, to, (n,))}. */
  public long[] integers(int n, long from, long to) {
    if (to <= from) {
      throw new IllegalArgumentException("there is no whole number in [" + from + ", " + to + ")");
    }
    long range = to - from;
    long[] values = new long[n];
    for (int i = 0; i < n; i++) {
      long bits = range >= WIDE ? nextLong() : nextUnsigned();
      values[i] = Long.remainderUnsigned(bits, range) + from;
    }
    return values;
  }

  /** Returns a random order of 0 … n-1: {@code torch.randperm(n)}. */
  public int[] permutation(int n) {
    return permutation(n, n);
  }

  /** Returns the first {@code count} of a random order of 0 … n-1. */
  public int[] permutation(int n, int count) {
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      order[i] = i;
    }
    boolean small = n < UNSIGNED / 20;
    int last = Math.min(count, n - 1);
    for (int i = 0; i < last; i++) {
      long random = small ? nextUnsigned() : nextLong();
      int other = i + (int) Long.remainderUnsigned(random, n - i);
      int value = order[i];
      order[i] = order[other];
      order[other] = value;
    }
    return count == n ? order : Arrays.copyOf(order, count);
  }

  /**
   * Returns numbers of {@code torch.nn.init.kaiming_uniform_(a=√5)}, uniform in ±1/√fanIn.
   *
   * @param fanIn the product of all sizes of the tensor but the first
   */
  public float[] kaimingUniform(int n, int fanIn) {
    double bound = 1 / Math.sqrt(fanIn);
    return uniform(n, -bound, bound);
  }
}
