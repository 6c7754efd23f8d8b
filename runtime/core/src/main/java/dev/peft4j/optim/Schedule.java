package dev.peft4j.optim;

/** The learning rate over a training run, as a factor of the base rate. Steps count from 0. */
@FunctionalInterface
public interface Schedule {
  /** Returns the factor for step {@code step}. */
  double factor(long step);

  /**
   * Returns the name and the parameters of this schedule, the same in every process; empty if
   * unknown, as for a lambda.
   */
  default String description() {
    return "";
  }

  /** Returns a schedule that stays at the base rate. */
  static Schedule constant() {
    return new NamedSchedule("constant", step -> 1);
  }

  /**
   * Returns linear growth from 0 over {@code warmup} steps, then the base rate: transformers'
   * {@code get_constant_schedule_with_warmup}.
   */
  static Schedule constant(long warmup) {
    check(warmup, warmup);
    return new NamedSchedule(
        "constant after " + warmup + " warm-up steps",
        step -> step < warmup ? (double) step / Math.max(1, warmup) : 1);
  }

  /**
   * Returns linear growth from 0 over {@code warmup} steps, then linear decline to 0 at {@code
   * total}: transformers' {@code get_linear_schedule_with_warmup}.
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
   * Returns linear growth from 0 over {@code warmup} steps, then half a cosine to 0 at {@code
   * total}: transformers' {@code get_cosine_schedule_with_warmup}.
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

  /**
   * Returns linear growth from 0 over {@code warmup} steps, then {@code cycles} half cosines, each
   * from the base rate to 0: transformers' {@code
   * get_cosine_with_hard_restarts_schedule_with_warmup}.
   */
  static Schedule cosineWithHardRestarts(long warmup, long total, int cycles) {
    check(warmup, total);
    return CommonSchedules.hardRestarts(warmup, total, cycles);
  }

  /**
   * Returns a schedule like {@link #cosine} that ends at {@code least}: transformers' {@code
   * get_cosine_with_min_lr_schedule_with_warmup}.
   *
   * @param least the rate at the end, as a factor of the base rate: its {@code min_lr_rate}
   */
  static Schedule cosineWithMinLr(long warmup, long total, double least) {
    check(warmup, total);
    return CommonSchedules.cosineWithMinLr(warmup, total, least);
  }

  /**
   * Returns linear growth from 0 over {@code warmup} steps, then polynomial decline to {@code
   * least} at {@code total}: transformers' {@code get_polynomial_decay_schedule_with_warmup}.
   *
   * @param least the rate at the end, as a factor of the base rate
   */
  static Schedule polynomial(long warmup, long total, double least, double power) {
    check(warmup, total);
    return CommonSchedules.polynomial(warmup, total, least, power);
  }

  /**
   * Returns linear growth from 0 over {@code warmup} steps, then decline with the inverse root of
   * the step: transformers' {@code get_inverse_sqrt_schedule}; without warm-up the scale is the
   * root of 10,000.
   */
  static Schedule inverseSqrt(long warmup) {
    check(warmup, warmup);
    return CommonSchedules.inverseSqrt(warmup);
  }

  /**
   * Returns linear growth over {@code warmup} steps, then the base rate, then half a cosine to
   * {@code least} over the last {@code decay} steps: transformers' {@code get_wsd_schedule}.
   *
   * @param least the rate at both ends, as a factor of the base rate: its {@code min_lr_ratio}
   */
  static Schedule warmupStableDecay(long warmup, long decay, long total, double least) {
    check(warmup, total);
    return CommonSchedules.warmupStableDecay(warmup, decay, total, least);
  }

  // ---- torch's, which count calls of scheduler.step(): steps, or with every(n) epochs of n steps

  /**
   * Returns a factor that is multiplied by {@code gamma} every {@code size} steps: torch's {@code
   * StepLR}.
   */
  static Schedule stepLr(long size, double gamma) {
    return CommonSchedules.step(size, gamma);
  }

  /**
   * Returns a factor that is multiplied by {@code gamma} at each of these steps: torch's {@code
   * MultiStepLR}.
   */
  static Schedule multiStepLr(double gamma, long... milestones) {
    return CommonSchedules.multiStep(gamma, milestones);
  }

  /**
   * Returns a factor that is multiplied by {@code gamma} after each step: torch's {@code
   * ExponentialLR}.
   */
  static Schedule exponentialLr(double gamma) {
    return new NamedSchedule("exponential, " + gamma, step -> Math.pow(gamma, step));
  }

  /**
   * Returns a factor for the first {@code total} steps, then the base rate: torch's {@code
   * ConstantLR}.
   */
  static Schedule constantLr(double factor, long total) {
    return new NamedSchedule(
        "factor " + factor + " for " + total + " steps", step -> step < total ? factor : 1);
  }

  /**
   * Returns a factor that changes linearly from {@code start} to {@code end} over {@code total}
   * steps: torch's {@code LinearLR}.
   */
  static Schedule linearLr(double start, double end, long total) {
    return CommonSchedules.linear(start, end, total);
  }

  /** Returns polynomial decline to 0 at {@code total}: torch's {@code PolynomialLR}. */
  static Schedule polynomialLr(long total, double power) {
    return CommonSchedules.polynomial(total, power);
  }

  /**
   * Returns half a cosine down to {@code least} over {@code half} steps, then up again, and so on:
   * torch's {@code CosineAnnealingLR}.
   *
   * @param half its {@code T_max}
   * @param least its {@code eta_min}, as a factor of the base rate
   */
  static Schedule cosineAnnealingLr(long half, double least) {
    return CommonSchedules.cosineAnnealing(half, least);
  }

  /**
   * Returns half a cosine down to {@code least} over {@code first} steps, then from the base rate
   * again over {@code times} as many steps, and so on: torch's {@code CosineAnnealingWarmRestarts}
   * (Loshchilov and Hutter 2016).
   *
   * @param first its {@code T_0}
   * @param times its {@code T_mult}, at least 1
   * @param least its {@code eta_min}, as a factor of the base rate
   */
  static Schedule cosineAnnealingWarmRestarts(long first, int times, double least) {
    return CommonSchedules.warmRestarts(first, times, least);
  }

  /**
   * Returns a factor that goes up and down linearly between {@code least} and 1: torch's {@code
   * CyclicLR} with its {@code triangular} mode; the base rate is its {@code max_lr}.
   *
   * @param least its {@code base_lr}, as a factor of the base rate
   * @param up the number of steps up
   * @param down the number of steps down
   */
  static Schedule cyclicLr(double least, long up, long down) {
    return CommonSchedules.cyclic(least, up, down);
  }

  /**
   * Returns a factor that goes up from 1/25 in the first 30 % of the steps, then down to 1/250,000,
   * along cosines: torch's {@code OneCycleLR} with its defaults (Smith and Topin 2017). The base
   * rate is its {@code max_lr}. Momentum does not change ({@code cycle_momentum=False}).
   */
  static Schedule oneCycleLr(long total) {
    return oneCycleLr(total, 0.3, 25, 1e4);
  }

  /**
   * Returns one cycle with other settings than {@link #oneCycleLr(long)}.
   *
   * @param up the fraction of the steps in which the rate grows: its {@code pct_start}
   * @param division the base rate over the first rate: its {@code div_factor}
   * @param finalDivision the first rate over the last: its {@code final_div_factor}
   */
  static Schedule oneCycleLr(long total, double up, double division, double finalDivision) {
    return CommonSchedules.oneCycle(total, up, division, finalDivision);
  }

  // ---- of others

  /**
   * Returns this schedule in units of {@code steps} steps: for an epoch, where torch's schedule is
   * stepped once an epoch.
   */
  default Schedule every(long steps) {
    CommonSchedules.atLeastOne("every", steps);
    return new NamedSchedule(
        description().isEmpty() ? "" : description() + ", in units of " + steps + " steps",
        step -> factor(step / steps));
  }

  /**
   * Returns this schedule before step {@code from}, then {@code next}, which counts from there:
   * torch's {@code SequentialLR}.
   */
  default Schedule then(long from, Schedule next) {
    return new NamedSchedule(
        description().isEmpty() || next.description().isEmpty()
            ? ""
            : description() + "; from step " + from + " " + next.description(),
        step -> step < from ? factor(step) : next.factor(step - from));
  }

  /** Returns the product of two schedules: torch's {@code ChainedScheduler}. */
  default Schedule times(Schedule other) {
    return new NamedSchedule(
        description().isEmpty() || other.description().isEmpty()
            ? ""
            : description() + " times " + other.description(),
        step -> factor(step) * other.factor(step));
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
