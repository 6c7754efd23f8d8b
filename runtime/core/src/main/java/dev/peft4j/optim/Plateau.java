package dev.peft4j.optim;

/**
 * A rule that lowers the learning rate when a measured number stops improving: torch's {@code
 * ReduceLROnPlateau}. It changes nothing itself: {@link #after} returns the state after one more
 * number, and the state holds the factor of the rate. A {@code Trainer} applies it to its
 * evaluations, see {@code TrainingSettings.Builder.reduceOnPlateau}.
 *
 * @param factor of the rate when it is lowered, between 0 and 1
 * @param patience numbers in a row without improvement that are tolerated; one more lowers the rate
 * @param threshold how much better a number has to be than the best so far
 * @param relative whether the threshold is a fraction of the best number; else it is a difference
 * @param cooldown numbers that are ignored after the rate was lowered
 * @param least the smallest factor of the rate: torch's {@code min_lr}, over the base rate
 */
public record Plateau(
    double factor, int patience, double threshold, boolean relative, int cooldown, double least) {
  /** torch's {@code eps}: smaller changes are ignored. */
  private static final double EPS = 1e-8;

  /**
   * Creates a rule.
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
   * The state after some numbers.
   *
   * @param rate the factor of the learning rate
   * @param best the best number so far; NaN if there is none
   * @param bad numbers in a row without improvement
   * @param cooling numbers that are still to be ignored
   */
  public record State(double rate, double best, int bad, int cooling) {
    /** The state before the first number. */
    public static final State START = new State(1, Double.NaN, 0, 0);
  }

  /**
   * Creates a rule with torch's defaults for the rest: a relative threshold of 1e-4, no cooldown,
   * no smallest factor.
   */
  public static Plateau of(double factor, int patience) {
    return new Plateau(factor, patience, 1e-4, true, 0, 0);
  }

  /** Returns a copy with another relative threshold. */
  public Plateau threshold(double part) {
    return new Plateau(factor, patience, part, true, cooldown, least);
  }

  /** Returns a copy with an absolute threshold: torch's {@code threshold_mode="abs"}. */
  public Plateau leastChange(double difference) {
    return new Plateau(factor, patience, difference, false, cooldown, least);
  }

  /** Returns a copy with a cooldown. */
  public Plateau cooldown(int numbers) {
    return new Plateau(factor, patience, threshold, relative, numbers, least);
  }

  /** Returns a copy with a smallest factor of the base rate. */
  public Plateau least(double rate) {
    return new Plateau(factor, patience, threshold, relative, cooldown, rate);
  }

  /**
   * Returns the state after one more number.
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
