package dev.peft4j.random;

import dev.peft4j.data.Rng;
import java.util.function.Supplier;

/**
 * The random numbers that adapters draw while they compute, such as PVeRA's samples. They come from
 * the adapter's own generator or, within {@link #with}, from a source that the caller gives, such
 * as the recorded draws of another program.
 */
public final class Noise {
  private static final ScopedValue<Source> SOURCE = ScopedValue.newInstance();

  private Noise() {}

  /** A source of the draws of one or more calls, in the order that layers ask for them. */
  @FunctionalInterface
  public interface Source {
    /** Returns the next {@code n} numbers, of the distribution that the layer needs. */
    float[] next(int n);
  }

  /** Runs {@code body} with a source in place of the generators of adapters. */
  public static <T> T with(Source source, Supplier<T> body) {
    return ScopedValue.where(SOURCE, source).call(body::get);
  }

  /** Returns {@code n} numbers of N(0, 1). */
  public static float[] normal(Rng rng, int n) {
    return of(n, () -> rng.normal(n, 0, 1));
  }

  /** Returns {@code n} numbers, uniform in [0, 1). */
  public static float[] uniform(Rng rng, int n) {
    return of(n, () -> rng.uniform(n, 0, 1));
  }

  /**
   * Returns the source's next numbers or, if none is given, those of an adapter.
   *
   * @throws IllegalStateException if the source does not give {@code n} numbers
   */
  public static float[] of(int n, Supplier<float[]> own) {
    if (!SOURCE.isBound()) {
      return own.get();
    }
    float[] given = SOURCE.get().next(n);
    if (given.length != n) {
      throw new IllegalStateException(
          "the source of noise gave " + given.length + " numbers, a layer needs " + n);
    }
    return given;
  }
}
