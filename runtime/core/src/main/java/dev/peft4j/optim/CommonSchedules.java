package dev.peft4j.optim;

import java.util.Arrays;

/** The schedules of torch and transformers, in closed form. */
final class CommonSchedules {
  private CommonSchedules() {}

  static void atLeastOne(String what, double value) {
    if (!(value >= 1)) {
      throw new IllegalArgumentException(
          "schedule: " + what + " is " + value + ", must be at least 1");
    }
  }

  private static double rising(long step, long warmup) {
    return (double) step / Math.max(1, warmup);
  }

  private static double progress(long step, long from, long steps) {
    return (double) (step - from) / Math.max(1, steps);
  }

  /** Returns half a cosine, from 1 to {@code least} as {@code t} goes from 0 to 1. */
  private static double halfCosine(double t, double least) {
    return least + (1 - least) * (1 + Math.cos(Math.PI * t)) / 2;
  }

  static Schedule hardRestarts(long warmup, long total, int cycles) {
    atLeastOne("cycles", cycles);
    return new NamedSchedule(
        cycles + " cosines over " + total + " steps, " + warmup + " of them warm-up",
        step -> {
          if (step < warmup) {
            return rising(step, warmup);
          }
          double t = progress(step, warmup, total - warmup);
          return t >= 1 ? 0 : Math.max(0, halfCosine(cycles * t % 1, 0));
        });
  }

  static Schedule cosineWithMinLr(long warmup, long total, double least) {
    return new NamedSchedule(
        "cosine to " + least + " over " + total + " steps, " + warmup + " of them warm-up",
        step ->
            step < warmup
                ? rising(step, warmup)
                : Math.max(0, halfCosine(progress(step, warmup, total - warmup), least)));
  }

  static Schedule polynomial(long warmup, long total, double least, double power) {
    return new NamedSchedule(
        "polynomial of power %s to %s over %d steps, %d of them warm-up"
            .formatted(power, least, total, warmup),
        step ->
            step < warmup
                ? rising(step, warmup)
                : step >= total
                    ? least
                    : least
                        + (1 - least)
                            * Math.pow(1 - progress(step, warmup, total - warmup), power));
  }

  static Schedule inverseSqrt(long warmup) {
    double scale = warmup == 0 ? 10_000 : warmup;
    return new NamedSchedule(
        "inverse root after " + warmup + " warm-up steps",
        step ->
            step < warmup ? rising(step, warmup) : 1 / Math.sqrt((step + scale - warmup) / scale));
  }

  static Schedule warmupStableDecay(long warmup, long decay, long total, double least) {
    long stable = total - warmup - decay;
    if (decay < 0 || stable < 0) {
      throw new IllegalArgumentException(
          "schedule: %d warm-up and %d decay steps of %d in all; needed warm-up + decay <= total"
              .formatted(warmup, decay, total));
    }
    return new NamedSchedule(
        "warm-up of %d, stable, decay of %d to %s, %d steps".formatted(warmup, decay, least, total),
        step -> {
          if (step < warmup) {
            return least + (1 - least) * rising(step, warmup);
          }
          if (step < warmup + stable) {
            return 1;
          }
          return step < total ? halfCosine(progress(step, warmup + stable, decay), least) : least;
        });
  }

  static Schedule step(long size, double gamma) {
    atLeastOne("size", size);
    return new NamedSchedule(
        "factor " + gamma + " each " + size + " steps", step -> Math.pow(gamma, step / size));
  }

  static Schedule multiStep(double gamma, long... milestones) {
    long[] at = milestones.clone();
    return new NamedSchedule(
        "factor " + gamma + " at " + Arrays.toString(at),
        step -> Math.pow(gamma, Arrays.stream(at).filter(m -> m <= step).count()));
  }

  static Schedule linear(double start, double end, long total) {
    atLeastOne("total", total);
    return new NamedSchedule(
        "linear from %s to %s over %d steps".formatted(start, end, total),
        step -> start + (end - start) * Math.min(step, total) / total);
  }

  static Schedule polynomial(long total, double power) {
    atLeastOne("total", total);
    return new NamedSchedule(
        "polynomial of power %s over %d steps".formatted(power, total),
        step -> Math.pow(1 - (double) Math.min(step, total) / total, power));
  }

  static Schedule cosineAnnealing(long half, double least) {
    atLeastOne("half", half);
    return new NamedSchedule(
        "cosine to %s and back in %d steps each".formatted(least, half),
        step -> halfCosine((double) step / half, least));
  }

  static Schedule warmRestarts(long first, int times, double least) {
    atLeastOne("first", first);
    atLeastOne("times", times);
    return new NamedSchedule(
        "cosine to %s in %d steps, again in %d times as many".formatted(least, first, times),
        step -> {
          long length = first;
          long at = times == 1 ? step % first : step;
          while (times > 1 && at >= length) {
            at -= length;
            length *= times;
          }
          return halfCosine((double) at / length, least);
        });
  }

  static Schedule cyclic(double least, long up, long down) {
    atLeastOne("up", up);
    atLeastOne("down", down);
    return new NamedSchedule(
        "from %s in %d steps up, %d down".formatted(least, up, down),
        step -> {
          long at = step % (up + down);
          double height = at <= up ? (double) at / up : (double) (up + down - at) / down;
          return least + (1 - least) * height;
        });
  }

  static Schedule oneCycle(long total, double up, double division, double finalDivision) {
    atLeastOne("total", total);
    if (!(up >= 0 && up <= 1 && division > 0 && finalDivision > 0)) {
      throw new IllegalArgumentException(
          "schedule: one cycle with up %s, divisions %s and %s; needed 0 <= up <= 1 and positive"
              .formatted(up, division, finalDivision));
    }
    double first = 1 / division;
    double last = first / finalDivision;
    double top = up * total - 1;
    return new NamedSchedule(
        "one cycle over %d steps, up in %s of them, from 1/%s, to 1/%s of that"
            .formatted(total, up, division, finalDivision),
        step -> {
          double at = Math.min(step, total - 1);
          return at <= top
              ? between(first, 1, at / top)
              : between(1, last, (at - top) / (total - 1 - top));
        });
  }

  private static double between(double from, double to, double t) {
    return to + (from - to) / 2 * (1 + Math.cos(Math.PI * t));
  }
}
