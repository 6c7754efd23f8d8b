package dev.peft4j.backend.cpu;

import static dev.peft4j.backend.cpu.Memory.get;
import static dev.peft4j.backend.cpu.Memory.set;

/**
 * Plain loops: the specification of {@link Loops}, and what runs where the Vector API is not there.
 */
final class ScalarLoops implements Loops {
  @Override
  public void binary(int op, long a, long b, long dst, int n) {
    switch (op) { // HotSpot makes vector code of these four
      case ADD -> add(a, b, dst, n);
      case SUB -> sub(a, b, dst, n);
      case MUL -> mul(a, b, dst, n);
      case DIV -> div(a, b, dst, n);
      default -> {
        for (long i = 0; i < 4L * n; i += 4) {
          set(dst + i, ScalarMath.binary(op, get(a + i), get(b + i)));
        }
      }
    }
  }

  private static void add(long a, long b, long dst, int n) {
    for (int i = 0; i < n; i++) {
      set(dst + 4L * i, get(a + 4L * i) + get(b + 4L * i));
    }
  }

  private static void sub(long a, long b, long dst, int n) {
    for (int i = 0; i < n; i++) {
      set(dst + 4L * i, get(a + 4L * i) - get(b + 4L * i));
    }
  }

  private static void mul(long a, long b, long dst, int n) {
    for (int i = 0; i < n; i++) {
      set(dst + 4L * i, get(a + 4L * i) * get(b + 4L * i));
    }
  }

  private static void div(long a, long b, long dst, int n) {
    for (int i = 0; i < n; i++) {
      set(dst + 4L * i, get(a + 4L * i) / get(b + 4L * i));
    }
  }

  @Override
  public void binaryConst(int op, long a, float c, long dst, int n) {
    if (op == MUL) {
      scaleBy(c, a, dst, n);
      return;
    }
    for (long i = 0; i < 4L * n; i += 4) {
      set(dst + i, ScalarMath.binary(op, get(a + i), c));
    }
  }

  private static void scaleBy(float c, long a, long dst, int n) {
    for (int i = 0; i < n; i++) {
      set(dst + 4L * i, get(a + 4L * i) * c);
    }
  }

  @Override
  public void constBinary(int op, float c, long b, long dst, int n) {
    for (long i = 0; i < 4L * n; i += 4) {
      set(dst + i, ScalarMath.binary(op, c, get(b + i)));
    }
  }

  @Override
  public void unary(int op, long a, long dst, int n) {
    for (long i = 0; i < 4L * n; i += 4) {
      set(dst + i, ScalarMath.unary(op, get(a + i)));
    }
  }

  @Override
  public void select(long cond, long a, long b, long dst, int n) {
    for (int i = 0; i < n; i++) {
      float yes = get(a + 4L * i);
      float no = get(b + 4L * i);
      set(dst + 4L * i, get(cond + 4L * i) != 0f ? yes : no);
    }
  }

  @Override
  public void mulAdd(long a, long b, long c, long dst, int n) {
    for (int i = 0; i < n; i++) {
      set(dst + 4L * i, get(a + 4L * i) * get(b + 4L * i) + get(c + 4L * i));
    }
  }

  @Override
  public void fill(float value, long dst, int n) {
    for (int i = 0; i < n; i++) {
      set(dst + 4L * i, value);
    }
  }

  @Override
  public void axpy(float alpha, long x, long y, int n) {
    for (int i = 0; i < n; i++) {
      set(y + 4L * i, alpha * get(x + 4L * i) + get(y + 4L * i));
    }
  }

  @Override
  public float sum(long a, int n) {
    return reduce(SUM, a, 0, 0, 0f, 0f, n);
  }

  @Override
  public float max(long a, int n) {
    float m = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < n; i++) {
      m = Math.max(m, get(a + 4L * i));
    }
    return m;
  }

  @Override
  public float dot(long a, long b, int n) {
    return reduce(PRODUCT, a, b, 0, 0f, 0f, n);
  }

  @Override
  public float sumOfSquares(long a, int n) {
    return reduce(PRODUCT, a, a, 0, 0f, 0f, n);
  }

  @Override
  public float sumSquaredDiff(long a, float mean, int n) {
    return reduce(SQUARED_DIFF, a, 0, 0, mean, 0f, n);
  }

  @Override
  public void softmaxRow(long src, long dst, int n) {
    float max = max(src, n);
    for (int i = 0; i < n; i++) {
      set(dst + 4L * i, ScalarMath.exp(get(src + 4L * i) - max));
    }
    scaleBy(1f / sum(dst, n), dst, dst, n);
  }

  @Override
  public void logSoftmaxRow(long src, long dst, int n) {
    float max = max(src, n);
    float log = ScalarMath.log(reduce(EXP_DIFF, src, 0, 0, max, 0f, n));
    for (int i = 0; i < n; i++) {
      set(dst + 4L * i, (get(src + 4L * i) - max) - log);
    }
  }

  @Override
  public float logSumExpRow(long src, int n) {
    float max = max(src, n);
    return Float.isInfinite(max)
        ? max
        : max + ScalarMath.log(reduce(EXP_DIFF, src, 0, 0, max, 0f, n));
  }

  @Override
  public void softmaxGradRow(long y, long dy, long dx, int n) {
    float s = dot(y, dy, n);
    for (int i = 0; i < n; i++) {
      set(dx + 4L * i, get(y + 4L * i) * (get(dy + 4L * i) - s));
    }
  }

  @Override
  public void layerNormRow(long x, long w, long b, long y, int n, float eps) {
    float mean = sum(x, n) / n;
    float r = 1f / ScalarMath.sqrt(sumSquaredDiff(x, mean, n) / n + eps);
    for (long i = 0; i < 4L * n; i += 4) {
      float v = (get(x + i) - mean) * r;
      v = w != 0 ? v * get(w + i) : v;
      set(y + i, b != 0 ? v + get(b + i) : v);
    }
  }

  @Override
  public void layerNormGradRow(long x, long w, long dy, long dx, int n, float eps) {
    float mean = sum(x, n) / n;
    float r = 1f / ScalarMath.sqrt(sumSquaredDiff(x, mean, n) / n + eps);
    float s = (w != 0 ? dot(dy, w, n) : sum(dy, n)) / n;
    float t = reduce(NORMALIZED, x, w, dy, mean, r, n) / n;
    for (long i = 0; i < 4L * n; i += 4) {
      float v = (get(x + i) - mean) * r;
      float g = w != 0 ? get(dy + i) * get(w + i) : get(dy + i);
      set(dx + i, ((g - s) - v * t) * r);
    }
  }

  @Override
  public void rmsNormRow(long x, long w, long y, int n, float eps) {
    float r = 1f / ScalarMath.sqrt(sumOfSquares(x, n) / n + eps);
    for (long i = 0; i < 4L * n; i += 4) {
      float v = get(x + i) * r;
      set(y + i, w != 0 ? v * get(w + i) : v);
    }
  }

  @Override
  public void rmsNormGradRow(long x, long w, long dy, long dx, int n, float eps) {
    float r = 1f / ScalarMath.sqrt(sumOfSquares(x, n) / n + eps);
    float t = reduce(NORMALIZED, x, w, dy, 0f, r, n) / n;
    for (long i = 0; i < 4L * n; i += 4) {
      float v = get(x + i) * r;
      float g = w != 0 ? get(dy + i) * get(w + i) : get(dy + i);
      set(dx + i, (g - v * t) * r);
    }
  }

  @Override
  public void gelu(long x, long y, int n) {
    for (int i = 0; i < n; i++) {
      set(y + 4L * i, ScalarMath.gelu(get(x + 4L * i)));
    }
  }

  @Override
  public void geluGrad(long x, long dy, long dx, int n) {
    for (int i = 0; i < n; i++) {
      set(dx + 4L * i, get(dy + 4L * i) * ScalarMath.geluDerivative(get(x + 4L * i)));
    }
  }

  // What is summed up.
  private static final int SUM = 0;
  private static final int PRODUCT = 1;
  private static final int SQUARED_DIFF = 2;
  private static final int EXP_DIFF = 3;
  private static final int NORMALIZED = 4;

  private static float term(int kind, long a, long b, long c, float mean, float r, long i) {
    float x = get(a + i);
    return switch (kind) {
      case SUM -> x;
      case PRODUCT -> x * get(b + i);
      case SQUARED_DIFF -> (x - mean) * (x - mean);
      case EXP_DIFF -> ScalarMath.exp(x - mean);
      default -> (b != 0 ? get(c + i) * get(b + i) : get(c + i)) * ((x - mean) * r);
    };
  }

  private static float reduce(int kind, long a, long b, long c, float mean, float r, int n) {
    if (n < 16) {
      float s = 0f;
      for (int i = 0; i < n; i++) {
        s += term(kind, a, b, c, mean, r, 4L * i);
      }
      return s;
    }
    float s = groups(kind, a, b, c, mean, r, 0, n & -16, 0);
    return (n & 15) == 0 ? s : s + groups(kind, a, b, c, mean, r, n - 16, n, n & -16);
  }

  /**
   * Elements {@code from} to {@code to}, a whole number of groups, without those before {@code
   * least}.
   */
  private static float groups(
      int kind, long a, long b, long c, float mean, float r, int from, int to, int least) {
    return (quarter(0, kind, a, b, c, mean, r, from, to, least)
            + quarter(2, kind, a, b, c, mean, r, from, to, least))
        + (quarter(1, kind, a, b, c, mean, r, from, to, least)
            + quarter(3, kind, a, b, c, mean, r, from, to, least));
  }

  /** Four of the 16 accumulators at a time, so that no array is needed. */
  private static float quarter(
      int j, int kind, long a, long b, long c, float mean, float r, int from, int to, int least) {
    float s0 = 0f;
    float s4 = 0f;
    float s8 = 0f;
    float s12 = 0f;
    for (int i = from + j; i < to; i += 16) {
      s0 += i >= least ? term(kind, a, b, c, mean, r, 4L * i) : 0f;
      s4 += i + 4 >= least ? term(kind, a, b, c, mean, r, 4L * i + 16) : 0f;
      s8 += i + 8 >= least ? term(kind, a, b, c, mean, r, 4L * i + 32) : 0f;
      s12 += i + 12 >= least ? term(kind, a, b, c, mean, r, 4L * i + 48) : 0f;
    }
    return (s0 + s8) + (s4 + s12);
  }
}
