package dev.peft4j.train;

/**
 * An interval between evaluations or checkpoints.
 *
 * @param steps the number of optimizer steps; 0 for the end of each epoch
 */
public record Every(long steps) {
  /**
   * Creates an interval.
   *
   * @throws IllegalArgumentException if it is negative
   */
  public Every {
    if (steps < 0) {
      throw new IllegalArgumentException("every " + steps + " steps: must be at least 1");
    }
  }

  /** Returns the interval of one epoch. */
  public static Every epoch() {
    return new Every(0);
  }

  /** Returns an interval of optimizer steps, at least 1. */
  public static Every steps(long steps) {
    if (steps < 1) {
      throw new IllegalArgumentException("every " + steps + " steps: must be at least 1");
    }
    return new Every(steps);
  }

  /** Returns the interval in words. */
  String words() {
    return steps == 0 ? "after each epoch" : "every " + steps + " steps";
  }

  /** Returns whether it is due in that state. */
  boolean isDue(TrainingState state) {
    return steps == 0 ? state.batch() == 0 : state.step() % steps == 0;
  }
}
