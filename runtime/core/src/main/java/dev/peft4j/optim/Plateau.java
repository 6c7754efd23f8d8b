package dev.peft4j.optim;

/**
 * Lowers the learning rate where a measured number stops getting better: torch's {@code
 * ReduceLROnPlateau}. It changes nothing itself: {@link #after} gives the state after one more
 * number, and a state the factor of the rate. A {@code Trainer} does that with its evaluations, see
 * {@code TrainingSettings.Builder.reduceOnPlateau}.
 *
 * @param factor of the rate when it is lowered, between 0 and 1
 * @param patience numbers in a row that are no better, after which one more lowers the rate
 * @param threshold how much better a number has to be than the best so far
 * @param relative whether the threshold is a part of the best number; else it is a difference
 * @param cooldown numbers after a lowering that are not counted
 * @param least the smallest factor of the rate in all: torch's {@code min_lr}, over the base rate
 */
public record Plateau(
    double factor, int patience, double threshold, boolean relative, int cooldown, double least) {
  /** torch's {@code eps}: a smaller change is none. */
  private static final double EPS = 1e-8;

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException if one is out of range
   */
  public Plateau {
    if (!(factor > 0 && factor < 1)
        || patience < 0
        || !(threshold >= 0)
        || cooldown < 0
        || !(least >= 0 && least <= 1)) {
      throw new IllegalArgumentException(
          ("plateau: factor %s, patience %d, threshold %s, cooldown %d, least %s; needed 0 < factor"
                  + " < 1, 0 <= least <= 1, and no negative number")
              .formatted(factor, patience, threshold, cooldown, least));
    }
  }

  /**
   * Where it is after some numbers.
   *
   * @param rate the factor of the learning rate
   * @param best the best number so far; NaN if there is none
   * @param bad numbers in a row that were no better
   * @param cooling numbers that are still not counted
   */
  public record State(double rate, double best, int bad, int cooling) {
    /** Before the first number. */
    public static final State START = new State(1, Double.NaN, 0, 0);
  }

  /** With torch's defaults for the rest: a relative threshold of 1e-4, no cooldown, no least. */
  public static Plateau of(double factor, int patience) {
    return new Plateau(factor, patience, 1e-4, true, 0, 0);
  }

  /** The same with another relative threshold. */
  public Plateau threshold(double part) {
    return new Plateau(factor, patience, part, true, cooldown, least);
  }

  /** The same with a threshold that is a difference: torch's {@code threshold_mode="abs"}. */
  public Plateau leastChange(double difference) {
    return new Plateau(factor, patience, difference, false, cooldown, least);
  }

  /** The same with a cooldown. */
  public Plateau cooldown(int numbers) {
    return new Plateau(factor, patience, threshold, relative, numbers, least);
  }

  /** The same with a smallest factor of the base rate. */
  public Plateau least(double rate) {
    return new Plateau(factor, patience, threshold, relative, cooldown, rate);
  }

  /**
   * The state after one more number.
   *
   * @param higherIsBetter false if lower is
   */
  public State after(State before, double number, boolean higherIsBetter) {
    boolean better = isBetter(number, before.best, higherIsBetter);
    int bad = better ? 0 : before.bad + 1;
    int cooling = before.cooling;
    if (cooling > 0) {
      cooling--;
      bad = 0;
    }
    double rate = before.rate;
    if (bad > patience) {
      double lower = Math.max(rate * factor, least);
      rate = rate - lower > EPS ? lower : rate;
      cooling = cooldown;
      bad = 0;
    }
    return new State(rate, better ? number : before.best, bad, cooling);
  }

  private boolean isBetter(double number, double best, boolean higherIsBetter) {
    if (Double.isNaN(best)) {
      return !Double.isNaN(number);
    }
    double by = relative ? best * threshold : threshold;
    return higherIsBetter ? number > best + by : number < best - by;
  }
}
