package dev.peft4j.optim;

/** The learning rate over a training run, as a factor of the base rate. Steps count from 0. */
@FunctionalInterface
public interface Schedule {
  /** The factor for step {@code step}. */
  double factor(long step);

  /**
   * Returns the name and the parameters in words that are the same in every process; empty if there
   * are none, as of a lambda.
   */
  default String description() {
    return "";
  }

  /** Always the base rate. */
  static Schedule constant() {
    return new NamedSchedule("constant", step -> 1);
  }

  /**
   * Linear growth from 0 over {@code warmup} steps, then the base rate: transformers' {@code
   * get_constant_schedule_with_warmup}.
   */
  static Schedule constant(long warmup) {
    check(warmup, warmup);
    return new NamedSchedule(
        "constant after " + warmup + " warm-up steps",
        step -> step < warmup ? (double) step / Math.max(1, warmup) : 1);
  }

  /**
   * Linear growth from 0 over {@code warmup} steps, then linear decline to 0 at {@code total}:
   * transformers' {@code get_linear_schedule_with_warmup}.
   */
  static Schedule linear(long warmup, long total) {
    check(warmup, total);
    return new NamedSchedule(
        "linear over " + total + " steps, " + warmup + " of them warm-up",
        step ->
            step < warmup
                ? (double) step / Math.max(1, warmup)
                : Math.max(0, (double) (total - step) / Math.max(1, total - warmup)));
  }

  /**
   * Linear growth from 0 over {@code warmup} steps, then half a cosine to 0 at {@code total}:
   * transformers' {@code get_cosine_schedule_with_warmup}.
   */
  static Schedule cosine(long warmup, long total) {
    check(warmup, total);
    return new NamedSchedule(
        "cosine over " + total + " steps, " + warmup + " of them warm-up",
        step ->
            step < warmup
                ? (double) step / Math.max(1, warmup)
                : Math.max(
                    0,
                    0.5 * (1 + Math.cos(Math.PI * (step - warmup) / Math.max(1, total - warmup)))));
  }

  /** Sets the rate of {@code optimizer} for its next step. */
  default void apply(Optimizer optimizer, double baseRate) {
    optimizer.lr((float) (baseRate * factor(optimizer.steps())));
  }

  private static void check(long warmup, long total) {
    if (warmup < 0 || total < warmup) {
      throw new IllegalArgumentException(
          "schedule: "
              + warmup
              + " warm-up steps of "
              + total
              + " in all; needed 0 <= warm-up <= total");
    }
  }
}
