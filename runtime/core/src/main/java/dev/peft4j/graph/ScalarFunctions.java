package dev.peft4j.graph;

/**
 * The scalar functions themselves, evaluated in double precision and rounded once: their
 * definition.
 */
public final class ScalarFunctions {
  private ScalarFunctions() {}

  /** Returns fn(x). */
  public static float apply(Scalar.Fn1 fn, float x) {
    return switch (fn) {
      case NEG -> -x;
      case ABS -> Math.abs(x);
      case EXP -> (float) Math.exp(x);
      case LOG -> (float) Math.log(x);
      case SQRT -> (float) Math.sqrt(x);
      case RECIP -> 1 / x;
      case TANH -> (float) Math.tanh(x);
      case SIGMOID -> (float) (1 / (1 + Math.exp(-x)));
      case ERF -> (float) erf(x);
      case SIN -> (float) Math.sin(x);
      case COS -> (float) Math.cos(x);
      case SIGN -> Math.signum(x);
    };
  }

  /** Returns fn(a, b). */
  public static float apply(Scalar.Fn2 fn, float a, float b) {
    return switch (fn) {
      case ADD -> a + b;
      case SUB -> a - b;
      case MUL -> a * b;
      case DIV -> a / b;
      case MAX -> Math.max(a, b);
      case MIN -> Math.min(a, b);
      case POW -> (float) Math.pow(a, b);
      case GT -> a > b ? 1 : 0;
      case GE -> a >= b ? 1 : 0;
      case EQ -> a == b ? 1 : 0;
    };
  }

  /**
   * Returns the error function in double precision: its Taylor series near zero, a continued
   * fraction (Abramowitz and Stegun 7.1.14) beyond.
   */
  public static double erf(double x) {
    double a = Math.abs(x);
    if (Double.isNaN(x)) {
      return x;
    }
    if (a > 6) {
      return Math.signum(x);
    }
    if (a < 2.5) {
      double term = x;
      double sum = x;
      for (int n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
        term *= -x * x / n;
        sum += term / (2 * n + 1);
      }
      return 2 / Math.sqrt(Math.PI) * sum;
    }
    double f = 0;
    for (int k = 60; k >= 1; k--) {
      f = k / 2.0 / (a + f);
    }
    return Math.signum(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + f));
  }
}
