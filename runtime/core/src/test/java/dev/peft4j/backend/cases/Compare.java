package dev.peft4j.backend.cases;

import org.assertj.core.api.Assertions;

/** Compares what was computed with what it should be. */
public final class Compare {
  /** Of the larger of the element and the largest element. */
  private static final double RELATIVE = 2e-5;

  private Compare() {}

  /** Fails if a result differs by more than rounding explains; NaN equals NaN. */
  public static void close(String what, float[] actual, double[] expected, double absolute) {
    close(what, actual, expected, RELATIVE, absolute);
  }

  /** As {@link #close(String, float[], double[], double)}, with another relative tolerance. */
  public static void close(
      String what, float[] actual, double[] expected, double relative, double absolute) {
    Assertions.assertThat(actual.length)
        .as("%s: number of elements", what)
        .isEqualTo(expected.length);
    double largest = 0;
    for (double e : expected) {
      largest = Double.isFinite(e) ? Math.max(largest, Math.abs(e)) : largest;
    }
    for (int i = 0; i < actual.length; i++) {
      double allowed = relative * largest + absolute;
      boolean same =
          Math.abs(actual[i] - expected[i]) <= allowed
              || actual[i] == (float) expected[i]
              || Float.isNaN(actual[i]) && Double.isNaN(expected[i]);
      if (!same) {
        Assertions.fail(
            "%s: element %d of %d is %s, expected %s (the largest is %s, allowed are %s)",
            what, i, actual.length, actual[i], expected[i], largest, allowed);
      }
    }
  }

  /** The same numbers as doubles. */
  public static double[] doubles(float[] x) {
    double[] d = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      d[i] = x[i];
    }
    return d;
  }

  /** Fails if two outcomes of a case differ. */
  public static void close(OpCase c, OpCase.Outcome actual, OpCase.Outcome expected) {
    close(c + ": result", actual.value(), doubles(expected.value()), c.absolute());
    for (int i = 0; i < expected.gradients().size(); i++) {
      close(
          c + ": gradient " + i,
          actual.gradients().get(i),
          doubles(expected.gradients().get(i)),
          c.absolute());
    }
  }
}
