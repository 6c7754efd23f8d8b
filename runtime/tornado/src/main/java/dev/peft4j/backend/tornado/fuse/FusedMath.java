package dev.peft4j.backend.tornado.fuse;

import uk.ac.manchester.tornado.api.math.TornadoMath;

/**
 * Functions of generated kernels that take more than one instruction. Public for those kernels.
 *
 * <p>TornadoVM negates comparisons without regard to NaN, which is neither less nor greater nor
 * equal; only {@code ==} and {@code >} are kept as they are. Names must not be OpenCL's.
 */
public final class FusedMath {
  // erf(x) = x P(x²) / Q(x²), with coefficients of the CPU backend's.
  private static final float MAX_ERF = 3.93f;
  private static final float P0 = 1.1283791f;
  private static final float P1 = 0.19078039f;
  private static final float P2 = 0.052789744f;
  private static final float P3 = 0.0037794383f;
  private static final float P4 = 2.848014e-4f;
  private static final float P5 = 2.0419532e-6f;
  private static final float Q1 = 0.5024074f;
  private static final float Q2 = 0.11425603f;
  private static final float Q3 = 0.014997096f;
  private static final float Q4 = 0.001165165f;
  private static final float Q5 = 3.8003538e-5f;

  private FusedMath() {}

  /** Returns -1 or 1; x itself if that is zero or NaN. */
  public static float signOf(float x) {
    return x > 0 ? 1 : 0 > x ? -1 : x;
  }

  /** Returns 1 if a &gt; b, else 0. */
  public static float greater(float a, float b) {
    return a > b ? 1 : 0;
  }

  /** Returns 1 if a &ge; b, else 0. */
  public static float greaterOrEqual(float a, float b) {
    return greater(a, b) + same(a, b);
  }

  /** Returns 1 if a = b, else 0. */
  public static float same(float a, float b) {
    return a == b ? 1 : 0;
  }

  /** Returns the larger one, NaN if one is; 0 is larger than -0. */
  public static float larger(float a, float b) {
    if (a == b) {
      return a == 0 ? a + b : a;
    }
    return a > b ? a : b > a ? b : a + b;
  }

  /** Returns the smaller one, NaN if one is; -0 is smaller than 0. */
  public static float smaller(float a, float b) {
    if (a == b) {
      return a == 0 ? -(-a - b) : a;
    }
    return a > b ? b : b > a ? a : a + b;
  }

  /** Returns a to the power b as in Java; in C, 1 to any power is 1, even to NaN. */
  public static float power(float a, float b) {
    if (Float.isNaN(b)) {
      return b;
    }
    float nanIfInfinite = b * 0;
    if (Float.isNaN(nanIfInfinite)) {
      return a == 1 ? nanIfInfinite : a == -1 ? nanIfInfinite : TornadoMath.pow(a, b);
    }
    return TornadoMath.pow(a, b);
  }

  /** Returns the error function of x. */
  public static float errorFunction(float x) {
    float y = TornadoMath.max(TornadoMath.min(x, MAX_ERF), -MAX_ERF);
    float t = y * y;
    float p = P5 * t + P4;
    p = p * t + P3;
    p = p * t + P2;
    p = p * t + P1;
    p = p * t + P0;
    float q = Q5 * t + Q4;
    q = q * t + Q3;
    q = q * t + Q2;
    q = q * t + Q1;
    q = q * t + 1f;
    float r = TornadoMath.max(TornadoMath.min(y * p / q, 1f), -1f);
    return Float.isNaN(x) ? x : r;
  }

  /** Returns the hyperbolic tangent of x; a driver's may not reach 1. */
  public static float hyperbolicTangent(float x) {
    return x > 9.5f ? 1 : -9.5f > x ? -1 : TornadoMath.tanh(x);
  }

  /**
   * Returns 0 in a way that TornadoVM's compiler cannot see. It has no NaN constant, and what it
   * computes from infinite constants may be NaN.
   *
   * @param item at least 0
   */
  public static float zero(int item) {
    return item >> 31;
  }

  /**
   * Returns x in a way that TornadoVM's compiler cannot see: from a constant it would compute NaN,
   * which it cannot write, or fail.
   *
   * @param item at least 0
   */
  public static float hidden(float x, int item) {
    return x * (1 + (item >> 31));
  }
}
