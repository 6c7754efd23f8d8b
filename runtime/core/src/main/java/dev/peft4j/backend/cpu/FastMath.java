package dev.peft4j.backend.cpu;

/**
 * Functions of one and two elements. Those that need an approximation are float32 polynomials whose
 * error is at most about 3e-7 of the result; they are the specification that {@link VectorMath}
 * repeats operation by operation. Coefficients are this project's minimax fits, their last bits
 * chosen for the smallest error as rounded.
 */
final class FastMath {
  /**
   * Adding this rounds a float of magnitude below 2^22 to an integer, which is then the low bits of
   * the sum.
   */
  static final float ROUND = 12582912f; // 1.5 * 2^23

  static final int ROUND_BITS = 0x4B400000;

  // exp(x) = 2^n * exp(r), r = x - n * log(2), |r| <= log(2) / 2; log(2) in two parts, n times the
  // first being exact.
  static final float LOG2_E = 1.442695f;
  static final float LOG_2_HIGH = 355f / 512f;
  static final float LOG_2_LOW = -2.1219444e-4f;
  static final float MAX_EXP = 88.72283f; // the largest with a finite result
  static final float EXP_LEAST =
      -87.33f; // below, results are within a percent of the smallest normal number: 0
  static final float E2 = 0.49999994f;
  static final float E3 = 0.1666652f;
  static final float E4 = 0.041668393f;
  static final float E5 = 0.008368757f;
  static final float E6 = 0.0013814518f;

  // log(1 + f) = f - f²/2 + f³ * P(f) for 1 + f from sqrt(1/2) to sqrt(2).
  static final int SQRT_HALF_BITS = 0x3F3504F3;
  static final float TWO_23 = 8388608f;
  static final float L0 = 0.3333333f;
  static final float L1 = -0.25000826f;
  static final float L2 = 0.2000125f;
  static final float L3 = -0.16623148f;
  static final float L4 = 0.1420103f;
  static final float L5 = -0.13161603f;
  static final float L6 = 0.1276779f;
  static final float L7 = -0.07638609f;

  // tanh(x) = x * P(x²) / Q(x²) until it rounds to 1.
  static final float MAX_TANH = 9.02f * 9.02f;
  static final float TP1 = 0.13379695f;
  static final float TP2 = 0.0034940068f;
  static final float TP3 = 2.0583035e-5f;
  static final float TP4 = 1.331846e-8f;
  static final float TQ1 = 0.4671301f;
  static final float TQ2 = 0.025870971f;
  static final float TQ3 = 3.2830468e-4f;
  static final float TQ4 = 7.7617653e-7f;

  // erf(x) likewise.
  static final float MAX_ERF = 3.93f * 3.93f;
  static final float EP0 = 1.1283791f;
  static final float EP1 = 0.19078039f;
  static final float EP2 = 0.052789744f;
  static final float EP3 = 0.0037794383f;
  static final float EP4 = 2.848014e-4f;
  static final float EP5 = 2.0419532e-6f;
  static final float EQ1 = 0.5024074f;
  static final float EQ2 = 0.11425603f;
  static final float EQ3 = 0.014997096f;
  static final float EQ4 = 0.001165165f;
  static final float EQ5 = 3.8003538e-5f;

  static final float SQRT_HALF = 0.70710677f;
  static final float INV_SQRT_2PI = 0.3989423f;

  // The normal distribution beyond a >= 0 is exp(-a²/2) * P(a) / Q(a), beyond MAX_MILLS nothing.
  static final float MAX_MILLS = 20f;
  static final float MP0 = 0.5f;
  static final float MP1 = 0.18610014f;
  static final float MP2 = 0.035485998f;
  static final float MQ1 = 1.1700864f;
  static final float MQ2 = 0.5045455f;
  static final float MQ3 = 0.083588205f;
  static final float MQ4 = 3.654811e-4f;

  private FastMath() {}

  /** e to the power of x; results below the normal numbers are 0. */
  static float exp(float x) {
    float t = x * LOG2_E + ROUND;
    float n = t - ROUND;
    float r = x - n * LOG_2_HIGH;
    r = r - n * LOG_2_LOW;
    float p = E6 * r + E5;
    p = p * r + E4;
    p = p * r + E3;
    p = p * r + E2;
    p = p * (r * r) + r;
    p = p + 1f;
    // n is added to the exponent's bits: as a number, 2^128 would be infinite.
    float y = Float.intBitsToFloat(Float.floatToRawIntBits(p) + (Float.floatToRawIntBits(t) << 23));
    y = x <= MAX_EXP ? y : x * Float.POSITIVE_INFINITY; // infinity, or NaN
    return x < EXP_LEAST ? 0f : y;
  }

  /** The natural logarithm. */
  static float log(float x) {
    boolean tiny = x < Float.MIN_NORMAL;
    int bits = Float.floatToRawIntBits(tiny ? x * TWO_23 : x);
    int exponent = (bits - SQRT_HALF_BITS) >> 23;
    float f = Float.intBitsToFloat(bits - (exponent << 23)) - 1f;
    float e = Float.intBitsToFloat(exponent + ROUND_BITS) - (tiny ? ROUND + 23f : ROUND);
    float p = L7 * f + L6;
    p = p * f + L5;
    p = p * f + L4;
    p = p * f + L3;
    p = p * f + L2;
    p = p * f + L1;
    p = p * f + L0;
    float z = f * f;
    float y = (f * z) * p;
    y = y + e * LOG_2_LOW;
    y = y - 0.5f * z;
    y = f + y;
    y = y + e * LOG_2_HIGH;
    y = x < Float.POSITIVE_INFINITY ? y : x; // infinity, or NaN
    y = x == 0f ? Float.NEGATIVE_INFINITY : y;
    return x < 0f ? Float.NaN : y;
  }

  static float tanh(float x) {
    float t = x * x;
    t = Math.min(t, MAX_TANH);
    float p = TP4 * t + TP3;
    p = p * t + TP2;
    p = p * t + TP1;
    p = p * t + 1f;
    float q = TQ4 * t + TQ3;
    q = q * t + TQ2;
    q = q * t + TQ1;
    q = q * t + 1f;
    float y = (x * p) / q;
    return Math.max(Math.min(y, 1f), -1f);
  }

  static float erf(float x) {
    float t = x * x;
    t = Math.min(t, MAX_ERF);
    float p = EP5 * t + EP4;
    p = p * t + EP3;
    p = p * t + EP2;
    p = p * t + EP1;
    p = p * t + EP0;
    float q = EQ5 * t + EQ4;
    q = q * t + EQ3;
    q = q * t + EQ2;
    q = q * t + EQ1;
    q = q * t + 1f;
    float y = (x * p) / q;
    return Math.max(Math.min(y, 1f), -1f);
  }

  static float sigmoid(float x) {
    return 1f / (1f + exp(-x));
  }

  /**
   * {@code 1 / sqrt(x)} of a finite number; NaN of infinity, which in a norm means that squares
   * were too large: 0 would pass for a result.
   */
  static float inverseRoot(float x) {
    return 1f / sqrt(x) + x * 0f;
  }

  static float sqrt(float x) {
    return (float) Math.sqrt(x); // exact: rounding twice does no harm to a square root
  }

  static float gelu(float x) {
    return (0.5f * x) * (1f + erf(x * SQRT_HALF));
  }

  /**
   * {@code Φ(x) + x φ(x)}, where Φ is the normal distribution and φ its density; they share an exp.
   */
  static float geluDerivative(float x) {
    float e = exp((x * x) * -0.5f);
    float a = Math.abs(x);
    a = Math.min(a, MAX_MILLS);
    float p = MP2 * a + MP1;
    p = p * a + MP0;
    float q = MQ4 * a + MQ3;
    q = q * a + MQ2;
    q = q * a + MQ1;
    q = q * a + 1f;
    float beyond = e * (p / q);
    float below = x < 0f ? beyond : 1f - beyond;
    return below + x * (e * INV_SQRT_2PI);
  }

  /** One of the functions of one element that {@link Loops} numbers. */
  static float unary(int op, float x) {
    return switch (op) {
      case Loops.NEG -> -x;
      case Loops.ABS -> Math.abs(x);
      case Loops.EXP -> exp(x);
      case Loops.LOG -> log(x);
      case Loops.SQRT -> sqrt(x);
      case Loops.RSQRT -> 1f / sqrt(x);
      case Loops.RECIP -> 1f / x;
      case Loops.SQUARE -> x * x;
      case Loops.TANH -> tanh(x);
      case Loops.SIGMOID -> sigmoid(x);
      case Loops.ERF -> erf(x);
      // Math's own may differ in the last bit from machine to machine.
      case Loops.SIN -> (float) StrictMath.sin(x);
      case Loops.COS -> (float) StrictMath.cos(x);
      case Loops.FLOOR -> (float) Math.floor(x);
      case Loops.SIGN -> x > 0f ? 1f : x < 0f ? -1f : x;
      default -> throw Loops.unknown(op, "one element");
    };
  }

  /** One of the functions of two elements that {@link Loops} numbers. */
  static float binary(int op, float a, float b) {
    return switch (op) {
      case Loops.ADD -> a + b;
      case Loops.SUB -> a - b;
      case Loops.MUL -> a * b;
      case Loops.DIV -> a / b;
      case Loops.MAX -> Math.max(a, b);
      case Loops.MIN -> Math.min(a, b);
      case Loops.POW -> (float) StrictMath.pow(a, b);
      case Loops.GT -> a > b ? 1f : 0f;
      case Loops.GE -> a >= b ? 1f : 0f;
      case Loops.EQ -> a == b ? 1f : 0f;
      case Loops.LT -> a < b ? 1f : 0f;
      case Loops.LE -> a <= b ? 1f : 0f;
      case Loops.NE -> a != b ? 1f : 0f;
      default -> throw Loops.unknown(op, "two elements");
    };
  }
}
