package dev.peft4j.train;

import org.jspecify.annotations.Nullable;

/**
 * The number of the evaluations that measures the model, and when to stop early.
 *
 * @param name the number's name, see {@link Evaluator}
 * @param higherIsBetter false if lower is
 * @param patience evaluations without improvement after which training stops early; 0 for never
 * @param leastChange the smallest difference that counts as an improvement
 */
public record Monitor(String name, boolean higherIsBetter, int patience, double leastChange) {
  /**
   * Creates a monitor.
   *
   * @throws IllegalArgumentException if one is negative
   */
  public Monitor {
    if (patience < 0 || !(leastChange >= 0)) {
      throw new IllegalArgumentException(
          "monitor '"
              + name
              + "': patience "
              + patience
              + " and least change "
              + leastChange
              + " must not be negative");
    }
  }

  /** Returns a monitor for which lower is better; training does not stop early. */
  public static Monitor lowest(String name) {
    return new Monitor(name, false, 0, 0);
  }

  /** Returns a monitor for which higher is better; training does not stop early. */
  public static Monitor highest(String name) {
    return new Monitor(name, true, 0, 0);
  }

  /** Returns a copy that stops after {@code evaluations} evaluations without improvement. */
  public Monitor patience(int evaluations) {
    return new Monitor(name, higherIsBetter, evaluations, leastChange);
  }

  /** Returns a copy in which smaller changes are not an improvement. */
  public Monitor leastChange(double change) {
    return new Monitor(name, higherIsBetter, patience, change);
  }

  /** Returns whether {@code value} is better than the best so far; NaN never is. */
  boolean isBetter(double value, @Nullable Best best) {
    if (best == null || Double.isNaN(best.value())) {
      return !Double.isNaN(value);
    }
    return higherIsBetter ? value > best.value() + leastChange : value < best.value() - leastChange;
  }
}
