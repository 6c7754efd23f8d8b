package dev.peft4j.backend.cpu;

import static dev.peft4j.backend.cpu.Memory.write;

import java.util.Arrays;

/**
 * Plain loops: the specification of {@link Loops}, and what runs where the Vector API is not there
 * or not compiled yet. Elements go through arrays, a part at a time, for {@link ArrayLoops}.
 */
final class ScalarLoops implements Loops {
  /** Elements of a part; a multiple of 16. */
  private static final int PART = 1024;

  /** What a thread computes in. */
  private static final class Scratch {
    final float[] x = new float[PART];
    final float[] y = new float[PART];
    final float[] z = new float[PART];
    final float[] sums = new float[16];

    /** Elements {@code i} to {@code i + m} of each operand; 0 stands for none. */
    void read(long a, long b, long c, int i, int m) {
      read(a, x, i, m);
      read(b, y, i, m);
      read(c, z, i, m);
    }

    private static void read(long operand, float[] to, int i, int m) {
      if (operand != 0) {
        Memory.read(operand + 4L * i, to, m);
      }
    }
  }

  private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

  private static int part(int i, int n) {
    return Math.min(PART, n - i);
  }

  /** {@code dst = op(a, b, c)}, a function of {@link ArrayLoops}; 0 stands for no operand. */
  private static void map(int op, long a, long b, long c, float p, float q, long dst, int n) {
    Scratch s = SCRATCH.get();
    for (int i = 0; i < n; i += PART) {
      int m = part(i, n);
      s.read(a, b, c, i, m);
      ArrayLoops.run(op, s.x, s.y, s.z, p, q, m);
      write(s.x, dst + 4L * i, m);
    }
  }

  /** Function numbers of ArrayLoops alone are none of {@link Loops}. */
  private static int ofTwo(int op) {
    if (op >= NEG) {
      throw Loops.unknown(op, "two elements");
    }
    return op;
  }

  private static int ofOne(int op) {
    if (op < NEG || op >= ArrayLoops.SELECT) {
      throw Loops.unknown(op, "one element");
    }
    return op;
  }

  @Override
  public void binary(int op, long a, long b, long dst, int n) {
    map(ofTwo(op), a, b, 0, 0f, 0f, dst, n);
  }

  @Override
  public void binaryConst(int op, long a, float c, long dst, int n) {
    Arrays.fill(SCRATCH.get().y, 0, part(0, n), c);
    map(ofTwo(op), a, 0, 0, 0f, 0f, dst, n);
  }

  @Override
  public void constBinary(int op, float c, long b, long dst, int n) {
    for (int i = 0; i < n; i += PART) { // what is computed takes the place of the constant
      int m = part(i, n);
      Arrays.fill(SCRATCH.get().x, 0, m, c);
      map(ofTwo(op), 0, b + 4L * i, 0, 0f, 0f, dst + 4L * i, m);
    }
  }

  @Override
  public void unary(int op, long a, long dst, int n) {
    map(ofOne(op), a, 0, 0, 0f, 0f, dst, n);
  }

  @Override
  public void select(long cond, long a, long b, long dst, int n) {
    map(ArrayLoops.SELECT, a, b, cond, 0f, 0f, dst, n);
  }

  @Override
  public void mulAdd(long a, long b, long c, long dst, int n) {
    map(ArrayLoops.MUL_ADD, a, b, c, 0f, 0f, dst, n);
  }

  @Override
  public void fill(float value, long dst, int n) {
    Scratch s = SCRATCH.get();
    Arrays.fill(s.x, 0, part(0, n), value);
    for (int i = 0; i < n; i += PART) {
      write(s.x, dst + 4L * i, part(i, n));
    }
  }

  @Override
  public void axpy(float alpha, long x, long y, int n) {
    map(ArrayLoops.SCALE_ADD, x, y, 0, alpha, 0f, y, n);
  }

  @Override
  public float sum(long a, int n) {
    return sum(NOTHING, a, 0, 0, 0f, 0f, n);
  }

  @Override
  public float max(long a, int n) {
    Scratch s = SCRATCH.get();
    float most = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < n; i += PART) {
      int m = part(i, n);
      Memory.read(a + 4L * i, s.x, m);
      most = ArrayLoops.largest(s.x, most, m);
    }
    return most;
  }

  @Override
  public float dot(long a, long b, int n) {
    return sum(MUL, a, b, 0, 0f, 0f, n);
  }

  @Override
  public float sumOfSquares(long a, int n) {
    return sum(MUL, a, a, 0, 0f, 0f, n);
  }

  @Override
  public float sumSquaredDiff(long a, float mean, int n) {
    return sum(ArrayLoops.SQUARED_DIFF, a, 0, 0, mean, 0f, n);
  }

  @Override
  public void softmaxRow(long src, long dst, int n) {
    map(ArrayLoops.EXP_DIFF, src, 0, 0, max(src, n), 0f, dst, n);
    scale(1f / sum(dst, n), dst, dst, n);
  }

  @Override
  public void logSoftmaxRow(long src, long dst, int n) {
    float max = max(src, n);
    float log = FastMath.log(sum(ArrayLoops.EXP_DIFF, src, 0, 0, max, 0f, n));
    map(ArrayLoops.SUB_TWICE, src, 0, 0, max, log, dst, n);
  }

  @Override
  public float logSumExpRow(long src, float max, int n) {
    return FastMath.log(sum(ArrayLoops.EXP_DIFF, src, 0, 0, max, 0f, n));
  }

  @Override
  public void softmaxGradRow(long y, long dy, long dx, int n) {
    map(ArrayLoops.MUL_DIFF, y, dy, 0, dot(y, dy, n), 0f, dx, n);
  }

  @Override
  public void layerNormRow(long x, long w, long b, long y, int n, float eps) {
    float mean = sum(x, n) / n;
    float r = FastMath.inverseRoot(sumSquaredDiff(x, mean, n) / n + eps);
    normalize(x, w, b, mean, r, y, n);
  }

  @Override
  public void layerNormGradRow(long x, long w, long dy, long dx, int n, float eps) {
    float mean = sum(x, n) / n;
    float r = FastMath.inverseRoot(sumSquaredDiff(x, mean, n) / n + eps);
    float s = (w != 0 ? dot(dy, w, n) : sum(dy, n)) / n;
    normalizeGrad(x, w, dy, mean, r, s, dx, n);
  }

  @Override
  public void rmsNormRow(long x, long w, long y, int n, float eps) {
    float r = FastMath.inverseRoot(sumOfSquares(x, n) / n + eps);
    normalize(x, w, 0, 0f, r, y, n);
  }

  @Override
  public void rmsNormGradRow(long x, long w, long dy, long dx, int n, float eps) {
    float r = FastMath.inverseRoot(sumOfSquares(x, n) / n + eps);
    normalizeGrad(x, w, dy, 0f, r, 0f, dx, n);
  }

  private static void normalize(long x, long w, long b, float mean, float r, long y, int n) {
    Scratch s = SCRATCH.get();
    for (int i = 0; i < n; i += PART) {
      int m = part(i, n);
      s.read(x, w, b, i, m);
      ArrayLoops.normalize(s.x, mean, r, m);
      if (w != 0) {
        ArrayLoops.mul(s.x, s.y, m);
      }
      if (b != 0) {
        ArrayLoops.add(s.x, s.z, m);
      }
      write(s.x, y + 4L * i, m);
    }
  }

  private static void normalizeGrad(
      long x, long w, long dy, float mean, float r, float mid, long dx, int n) {
    float t = sum(NORMALIZED, x, dy, w, mean, r, n) / n;
    Scratch s = SCRATCH.get();
    for (int i = 0; i < n; i += PART) {
      int m = part(i, n);
      s.read(x, dy, w, i, m);
      if (w != 0) {
        ArrayLoops.mul(s.y, s.z, m);
      }
      ArrayLoops.normalize(s.x, mean, r, m);
      ArrayLoops.normalizeGrad(s.x, s.y, mid, t, r, m);
      write(s.x, dx + 4L * i, m);
    }
  }

  @Override
  public void gelu(long x, long y, int n) {
    map(GELU, x, 0, 0, 0f, 0f, y, n);
  }

  @Override
  public void geluGrad(long x, long dy, long dx, int n) {
    map(GELU_GRAD, x, dy, 0, 0f, 0f, dx, n);
  }

  // What is summed up, beside functions of ArrayLoops.
  private static final int NOTHING = -1;
  private static final int NORMALIZED = -2;

  /** Puts the terms of elements {@code i} to {@code i + m} into the first array. */
  private static void terms(
      Scratch s, int op, long a, long b, long c, float p, float q, int i, int m) {
    s.read(a, b, c, i, m);
    if (op == NORMALIZED) {
      if (c != 0) {
        ArrayLoops.mul(s.y, s.z, m);
      }
      ArrayLoops.normalize(s.x, p, q, m);
      ArrayLoops.mul(s.x, s.y, m);
    } else if (op != NOTHING) {
      ArrayLoops.run(op, s.x, s.y, s.z, p, q, m);
    }
  }

  private static float sum(int op, long a, long b, long c, float p, float q, int n) {
    Scratch s = SCRATCH.get();
    if (n < 16) {
      terms(s, op, a, b, c, p, q, 0, n);
      return ArrayLoops.sum(s.x, n);
    }
    int whole = n & -16;
    Arrays.fill(s.sums, 0f);
    for (int i = 0; i < whole; i += PART) {
      int m = part(i, whole);
      terms(s, op, a, b, c, p, q, i, m);
      ArrayLoops.accumulate(s.x, s.sums, m);
    }
    float sum = ArrayLoops.tree(s.sums);
    if (whole == n) {
      return sum;
    }
    terms(s, op, a, b, c, p, q, n - 16, 16);
    Arrays.fill(s.x, 0, 16 - (n - whole), 0f);
    Arrays.fill(s.sums, 0f);
    ArrayLoops.accumulate(s.x, s.sums, 16);
    return sum + ArrayLoops.tree(s.sums);
  }
}
