package dev.peft4j.train;

import org.jspecify.annotations.Nullable;

/**
 * Which number of the evaluations tells how good the model is, and when to give up.
 *
 * @param name the number's name, see {@link Evaluator}
 * @param higherIsBetter false if lower is
 * @param patience evaluations without improvement after which training stops early; 0 never does
 * @param leastChange how much better it has to be to count as an improvement
 */
public record Monitor(String name, boolean higherIsBetter, int patience, double leastChange) {
  /**
   * Checks the numbers.
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

  /** The lowest is the best; training does not stop early. */
  public static Monitor lowest(String name) {
    return new Monitor(name, false, 0, 0);
  }

  /** The highest is the best; training does not stop early. */
  public static Monitor highest(String name) {
    return new Monitor(name, true, 0, 0);
  }

  /** The same, stopping after so many evaluations without improvement. */
  public Monitor patience(int evaluations) {
    return new Monitor(name, higherIsBetter, evaluations, leastChange);
  }

  /** The same; what is better by less is no improvement. */
  public Monitor leastChange(double change) {
    return new Monitor(name, higherIsBetter, patience, change);
  }

  /** True if {@code value} is better than the best so far; NaN never is. */
  boolean isBetter(double value, @Nullable Best best) {
    if (best == null || Double.isNaN(best.value())) {
      return !Double.isNaN(value);
    }
    return higherIsBetter ? value > best.value() + leastChange : value < best.value() - leastChange;
  }
}
