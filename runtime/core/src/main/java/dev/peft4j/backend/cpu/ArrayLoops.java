package dev.peft4j.backend.cpu;

/**
 * Loops over the first {@code n} elements of arrays, whose result replaces {@code x}. HotSpot's
 * interpreter and its first compiler read an array ten times as fast as native memory, so a program
 * is not slow before it is compiled; of the simple loops the second compiler makes vector code.
 */
final class ArrayLoops {
  // Functions beside those that Loops numbers.
  static final int SELECT = 64;
  static final int MUL_ADD = 65;
  static final int SCALE_ADD = 66;
  static final int EXP_DIFF = 67;
  static final int SUB_TWICE = 68;
  static final int MUL_DIFF = 69;
  static final int SQUARED_DIFF = 70;
  static final int NORMALIZE = 71;

  private ArrayLoops() {}

  /**
   * Applies a function to elements of up to three arrays and up to two constants.
   *
   * @param op one of those here, or of one or two elements as {@link Loops} numbers them
   */
  static void run(int op, float[] x, float[] y, float[] z, float c, float d, int n) {
    switch (op) { // a loop of its own for what is frequent
      case Loops.ADD -> add(x, y, n);
      case Loops.SUB -> sub(x, y, n);
      case Loops.MUL -> mul(x, y, n);
      case Loops.DIV -> div(x, y, n);
      case Loops.MAX -> max(x, y, n);
      case Loops.GT -> greater(x, y, n);
      case Loops.EXP -> exp(x, 0f, n);
      case Loops.GELU -> gelu(x, n);
      case Loops.GELU_GRAD -> geluGrad(x, y, n);
      case SELECT -> select(x, y, z, n);
      case MUL_ADD -> {
        mul(x, y, n);
        add(x, z, n);
      }
      case SCALE_ADD -> {
        scale(x, c, n);
        add(x, y, n);
      }
      case EXP_DIFF -> exp(x, c, n);
      case SUB_TWICE -> subTwice(x, c, d, n);
      case MUL_DIFF -> mulDiff(x, y, c, n);
      case SQUARED_DIFF -> squaredDiff(x, c, n);
      case NORMALIZE -> normalize(x, c, d, n);
      default -> {
        if (op >= Loops.NEG) {
          unary(op, x, n);
        } else {
          binary(op, x, y, n);
        }
      }
    }
  }

  private static void unary(int op, float[] x, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = FastMath.unary(op, x[i]);
    }
  }

  private static void binary(int op, float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = FastMath.binary(op, x[i], y[i]);
    }
  }

  static void add(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      x[i] += y[i];
    }
  }

  private static void sub(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      x[i] -= y[i];
    }
  }

  static void mul(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      x[i] *= y[i];
    }
  }

  private static void div(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      x[i] /= y[i];
    }
  }

  private static void max(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = Math.max(x[i], y[i]);
    }
  }

  private static void greater(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = x[i] > y[i] ? 1f : 0f;
    }
  }

  /** {@code x = x * c}. */
  private static void scale(float[] x, float c, int n) {
    for (int i = 0; i < n; i++) {
      x[i] *= c;
    }
  }

  /** {@code x = exp(x - c)}. */
  private static void exp(float[] x, float c, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = FastMath.exp(x[i] - c);
    }
  }

  private static void gelu(float[] x, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = FastMath.gelu(x[i]);
    }
  }

  /** {@code x = dy * gelu'(x)}. */
  private static void geluGrad(float[] x, float[] dy, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = dy[i] * FastMath.geluDerivative(x[i]);
    }
  }

  /** {@code x = cond != 0 ? x : y}. */
  private static void select(float[] x, float[] y, float[] cond, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = cond[i] != 0f ? x[i] : y[i];
    }
  }

  /** {@code x = (x - b) - c}. */
  private static void subTwice(float[] x, float b, float c, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = (x[i] - b) - c;
    }
  }

  /** {@code x = x * (y - c)}. */
  private static void mulDiff(float[] x, float[] y, float c, int n) {
    for (int i = 0; i < n; i++) {
      x[i] *= y[i] - c;
    }
  }

  /** {@code x = (x - c)²}. */
  private static void squaredDiff(float[] x, float c, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = (x[i] - c) * (x[i] - c);
    }
  }

  /** {@code x = (x - mean) * r}. */
  static void normalize(float[] x, float mean, float r, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = (x[i] - mean) * r;
    }
  }

  /** {@code x = ((y - s) - x * t) * r}. */
  static void normalizeGrad(float[] x, float[] y, float s, float t, float r, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = ((y[i] - s) - x[i] * t) * r;
    }
  }

  /** The largest element, at least {@code most}; NaN if one is. */
  static float largest(float[] x, float most, int n) {
    float m = most;
    for (int i = 0; i < n; i++) {
      m = Math.max(m, x[i]);
    }
    return m;
  }

  /** The sum from left to right. */
  static float sum(float[] x, int n) {
    float s = 0f;
    for (int i = 0; i < n; i++) {
      s += x[i];
    }
    return s;
  }

  /** Adds whole groups of 16 elements to 16 accumulators. */
  static void accumulate(float[] x, float[] sums, int n) {
    for (int j = 0; j < 4; j++) { // four at a time stay in registers
      float s0 = sums[j];
      float s4 = sums[j + 4];
      float s8 = sums[j + 8];
      float s12 = sums[j + 12];
      for (int i = j; i < n; i += 16) {
        s0 += x[i];
        s4 += x[i + 4];
        s8 += x[i + 8];
        s12 += x[i + 12];
      }
      sums[j] = s0;
      sums[j + 4] = s4;
      sums[j + 8] = s8;
      sums[j + 12] = s12;
    }
  }

  /** The accumulators added up as a tree, as {@link Loops} defines it. */
  static float tree(float[] sums) {
    return (four(sums, 0) + four(sums, 2)) + (four(sums, 1) + four(sums, 3));
  }

  private static float four(float[] sums, int j) {
    return (sums[j] + sums[j + 8]) + (sums[j + 4] + sums[j + 12]);
  }
}
