package dev.peft4j.train;

/**
 * How often something is done.
 *
 * @param steps after so many optimizer steps; 0 is at the end of each epoch
 */
public record Every(long steps) {
  /**
   * Checks the number.
   *
   * @throws IllegalArgumentException if it is negative
   */
  public Every {
    if (steps < 0) {
      throw new IllegalArgumentException("every " + steps + " steps: must be at least 1");
    }
  }

  /** At the end of each epoch. */
  public static Every epoch() {
    return new Every(0);
  }

  /** After so many optimizer steps, at least 1. */
  public static Every steps(long steps) {
    if (steps < 1) {
      throw new IllegalArgumentException("every " + steps + " steps: must be at least 1");
    }
    return new Every(steps);
  }

  /** In words. */
  String words() {
    return steps == 0 ? "after each epoch" : "every " + steps + " steps";
  }

  /** True if it is due in that state. */
  boolean isDue(TrainingState state) {
    return steps == 0 ? state.batch() == 0 : state.step() % steps == 0;
  }
}
