package dev.peft4j.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * The scalar functions against double precision; the vector ones have the same bits, see {@link
 * SameBitsTest}.
 */
class AccuracyTest {
  private static final float INF = Float.POSITIVE_INFINITY;

  /**
   * No result may be farther off, relative to it, than 3.5e-7; half a unit in the last place is up
   * to 6e-8.
   */
  private static void check(int op, DoubleUnaryOperator exact, double from, double to) {
    Random random = new Random(op);
    double worst = 0;
    float where = 0;
    for (int i = 0; i <= 400_000; i++) {
      float x =
          (float)
              (i % 2 == 0
                  ? from + (to - from) * i / 400_000
                  : from + (to - from) * random.nextDouble());
      double want = exact.applyAsDouble(x);
      double error =
          Math.abs(FastMath.unary(op, x) - want) / Math.max(Math.abs(want), Float.MIN_NORMAL);
      if (!(error <= worst)) {
        worst = error;
        where = x;
      }
    }
    assertThat(worst).as("relative error of function %d at %s", op, where).isLessThan(3.5e-7);
  }

  @Test
  void exp() {
    check(Loops.EXP, Math::exp, -87.3, 88.72);
    check(Loops.EXP, Math::exp, -1, 1);
    check(Loops.EXP, x -> Math.max(0, Math.exp(x)), -87.3, -87);
    points(
        Loops.EXP,
        0,
        1,
        -0f,
        1,
        88.73f,
        INF,
        1e30f,
        INF,
        INF,
        INF,
        -INF,
        0,
        -88f,
        0,
        -1e30f,
        0,
        Float.MIN_VALUE,
        1);
    assertThat(FastMath.exp(88.72283f)).isFinite();
    assertThat(FastMath.exp(Float.NaN)).isNaN();
  }

  @Test
  void log() {
    check(Loops.LOG, Math::log, 1e-6, 4);
    check(Loops.LOG, Math::log, 0.9, 1.1);
    check(Loops.LOG, Math::log, 1e-38, 1e-36);
    check(Loops.LOG, Math::log, 1, 3e38);
    check(Loops.LOG, Math::log, 1e-44, 1.2e-38);
    points(Loops.LOG, 1, 0, 0, -INF, -0f, -INF, INF, INF);
    assertThat(FastMath.log(-1f)).isNaN();
    assertThat(FastMath.log(-Float.MIN_VALUE)).isNaN();
    assertThat(FastMath.log(-INF)).isNaN();
    assertThat(FastMath.log(Float.NaN)).isNaN();
    assertThat(FastMath.log(Float.MAX_VALUE)).isEqualTo((float) Math.log(Float.MAX_VALUE));
  }

  @Test
  void tanh() {
    check(Loops.TANH, Math::tanh, -10, 10);
    check(Loops.TANH, Math::tanh, -0.01, 0.01);
    points(
        Loops.TANH,
        0,
        0,
        -0f,
        -0f,
        INF,
        1,
        -INF,
        -1,
        1e30f,
        1,
        -20,
        -1,
        Float.MIN_VALUE,
        Float.MIN_VALUE);
    assertThat(FastMath.tanh(Float.NaN)).isNaN();
  }

  @Test
  void sigmoid() {
    check(Loops.SIGMOID, x -> 1 / (1 + Math.exp(-x)), -87, 87);
    check(Loops.SIGMOID, x -> 1 / (1 + Math.exp(-x)), -3, 3);
    points(Loops.SIGMOID, 0, 0.5f, INF, 1, -INF, 0, 100, 1, -100, 0);
    assertThat(FastMath.sigmoid(Float.NaN)).isNaN();
  }

  @Test
  void erf() {
    check(Loops.ERF, AccuracyTest::exactErf, -5, 5);
    check(Loops.ERF, AccuracyTest::exactErf, -0.01, 0.01);
    points(Loops.ERF, 0, 0, -0f, -0f, INF, 1, -INF, -1, 1e30f, 1, -4, -1);
    assertThat(FastMath.erf(Float.NaN)).isNaN();
  }

  @Test
  void noFunctionLeavesItsRange() {
    for (float x = -12; x < 12; x += 1e-4f) {
      assertThat(Math.abs(FastMath.tanh(x))).isLessThanOrEqualTo(1f);
      assertThat(Math.abs(FastMath.erf(x))).isLessThanOrEqualTo(1f);
    }
  }

  @Test
  void theOthers() {
    check(Loops.SQRT, Math::sqrt, 0, 1000);
    check(Loops.RSQRT, x -> 1 / Math.sqrt(x), 1e-3, 1000);
    check(Loops.RECIP, x -> 1 / x, 1e-3, 1000);
    check(Loops.SQUARE, x -> x * x, -100, 100);
    check(Loops.SIN, Math::sin, -100, 100);
    check(Loops.COS, Math::cos, -100, 100);
    check(Loops.FLOOR, Math::floor, -100, 100);
    check(Loops.NEG, x -> -x, -100, 100);
    check(Loops.ABS, Math::abs, -100, 100);
    check(Loops.SIGN, Math::signum, -100, 100);
    points(Loops.RSQRT, 0, INF, INF, 0);
    points(Loops.RECIP, 0, INF, -0f, -INF, INF, 0);
    points(
        Loops.FLOOR,
        -0f,
        -0f,
        1e30f,
        1e30f,
        -INF,
        -INF,
        0.9f,
        0,
        -0.1f,
        -1,
        8388609f,
        8388609f,
        -3.5f,
        -4);
  }

  @Test
  void gelu() {
    double worst = 0;
    double worstDerivative = 0;
    for (float x = -12; x < 12; x += 1e-4f) {
      double below = 0.5 * (1 + exactErf(x / Math.sqrt(2)));
      double density = Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
      worst = Math.max(worst, Math.abs(FastMath.gelu(x) - x * below) / Math.max(1, Math.abs(x)));
      worstDerivative =
          Math.max(worstDerivative, Math.abs(FastMath.geluDerivative(x) - (below + x * density)));
    }
    assertThat(worst).isLessThan(2e-7);
    assertThat(worstDerivative).isLessThan(3e-7);
  }

  private static void points(int op, float... argumentsAndResults) {
    for (int i = 0; i < argumentsAndResults.length; i += 2) {
      assertThat(FastMath.unary(op, argumentsAndResults[i]))
          .as("function %d of %s", op, argumentsAndResults[i])
          .isEqualTo(argumentsAndResults[i + 1]);
    }
  }

  /** By the series of positive terms, exact to about 1e-15. */
  static double exactErf(double x) {
    if (Math.abs(x) > 6) {
      return Math.signum(x);
    }
    double term = x;
    double sum = x;
    for (int n = 1; n < 300; n++) {
      term *= 2 * x * x / (2 * n + 1);
      sum += term;
    }
    return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
  }
}
