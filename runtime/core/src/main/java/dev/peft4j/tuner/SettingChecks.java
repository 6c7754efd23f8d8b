package dev.peft4j.tuner;

import dev.peft4j.data.Shape;
import java.util.Collection;
import java.util.Map;

/**
 * Checks of the numbers of a tuner's settings; each throws an {@link IllegalArgumentException} that
 * names the setting, its value and what is allowed.
 */
public final class SettingChecks {
  /** A size that is taken from settings without a look at the weights. */
  private static final int PLAUSIBLE_SIZE = 4096;

  private SettingChecks() {}

  /** Throws if a rank is below 1, in peft's words. */
  public static void rank(String name, int rank) {
    if (rank < 1) {
      throw new IllegalArgumentException(
          name + " should be a positive integer value but the value passed is " + rank);
    }
  }

  /** Throws if a whole number is below {@code least}. */
  public static void atLeast(String name, int value, int least) {
    if (value < least) {
      throw wrong(name, value, "at least " + least);
    }
  }

  /**
   * Throws if a number is not finite or not above {@code bound}.
   *
   * @param trained whether it came with an adapter that was trained, which may be turned off or
   *     around by it
   */
  public static void above(String name, double value, double bound, boolean trained) {
    if (!((trained || value > bound) && Double.isFinite(value))) {
      throw wrong(name, value, (bound == 0 ? "positive" : "greater than " + bound) + " and finite");
    }
  }

  /** Throws if a number is not finite. */
  public static void finite(String name, double value) {
    if (!Double.isFinite(value)) {
      throw wrong(name, value, "a finite number");
    }
  }

  /** Throws if a number is not from {@code min} to {@code max}. */
  public static void between(String name, double value, double min, double max) {
    if (!(value >= min && value <= max)) {
      throw wrong(
          name,
          value,
          "at least " + min + (max == Double.MAX_VALUE ? " and finite" : " and at most " + max));
    }
  }

  /**
   * Throws if a number is not from 0 up to, but not including, 1.
   *
   * @param one whether 1 is allowed, as it is in files: torch drops everything then
   */
  public static void probability(String name, double p, boolean one) {
    if (!(p >= 0 && (p < 1 || one && p == 1))) {
      throw wrong(name, p, "at least 0 and " + (one ? "at most 1" : "less than 1"));
    }
  }

  /** Throws if a rank or one of a pattern's is far above the sizes of the weights. */
  public static void ranks(int rank, Collection<Integer> pattern, Map<String, Shape> weights) {
    int largest = pattern.stream().reduce(rank, Math::max);
    size("a rank (r or rank_pattern)", largest, weights);
  }

  /** Throws if a size of weights is far above their sizes. */
  static void size(String name, long size, Map<String, Shape> weights) {
    if (size <= PLAUSIBLE_SIZE) {
      return;
    }
    int largest = 0;
    for (Shape shape : weights.values()) {
      for (int d : shape.toArray()) {
        largest = Math.max(largest, d);
      }
    }
    if (size > largest) {
      throw new IllegalArgumentException(
          name + " is " + size + ", but the weights have no size above " + largest);
    }
  }

  private static IllegalArgumentException wrong(String name, Object value, String needed) {
    return new IllegalArgumentException(name + " is " + value + ", must be " + needed);
  }
}
