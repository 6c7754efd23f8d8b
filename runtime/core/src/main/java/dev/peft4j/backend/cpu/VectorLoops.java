package dev.peft4j.backend.cpu;

import static dev.peft4j.backend.cpu.VectorMath.LANES;

/**
 * Loops by the Vector API. What is shorter than a vector, is left to the plain loops, which give
 * the same bits. Loaded only where the module jdk.incubator.vector is.
 */
final class VectorLoops implements Loops {
  private final ScalarLoops plain = new ScalarLoops();

  /** True if this machine's vectors are wide enough to be worth it. */
  static boolean useful() {
    return LANES >= 4;
  }

  @Override
  public void binary(int op, long a, long b, long dst, int n) {
    if (n < LANES || !VectorBinary.run(op, a, b, dst, n)) {
      plain.binary(op, a, b, dst, n);
    }
  }

  @Override
  public void binaryConst(int op, long a, float c, long dst, int n) {
    if (n < LANES || !VectorBinary.runConst(op, a, c, dst, n)) {
      plain.binaryConst(op, a, c, dst, n);
    }
  }

  @Override
  public void constBinary(int op, float c, long b, long dst, int n) {
    if (n < LANES || !VectorBinary.constRun(op, c, b, dst, n)) {
      plain.constBinary(op, c, b, dst, n);
    }
  }

  @Override
  public void unary(int op, long a, long dst, int n) {
    if (n < LANES || !VectorUnary.run(op, a, dst, n)) {
      plain.unary(op, a, dst, n);
    }
  }

  @Override
  public void select(long cond, long a, long b, long dst, int n) {
    if (n < LANES) {
      plain.select(cond, a, b, dst, n);
    } else {
      VectorRows.select(cond, a, b, dst, n);
    }
  }

  @Override
  public void mulAdd(long a, long b, long c, long dst, int n) {
    if (n < LANES) {
      plain.mulAdd(a, b, c, dst, n);
    } else {
      VectorRows.mulAdd(a, b, c, dst, n);
    }
  }

  @Override
  public void fill(float value, long dst, int n) {
    if (n < LANES) {
      plain.fill(value, dst, n);
    } else {
      VectorRows.fill(value, dst, n);
    }
  }

  @Override
  public void axpy(float alpha, long x, long y, int n) {
    if (n < LANES) {
      plain.axpy(alpha, x, y, n);
    } else {
      VectorRows.axpy(alpha, x, y, n);
    }
  }

  @Override
  public float sum(long a, int n) {
    return n < 16 ? plain.sum(a, n) : VectorSums.sum(a, n);
  }

  @Override
  public float max(long a, int n) {
    return n < LANES ? plain.max(a, n) : VectorRows.max(a, n);
  }

  @Override
  public float dot(long a, long b, int n) {
    return n < 16 ? plain.dot(a, b, n) : VectorSums.product(a, b, n);
  }

  @Override
  public float sumOfSquares(long a, int n) {
    return n < 16 ? plain.sumOfSquares(a, n) : VectorSums.product(a, a, n);
  }

  @Override
  public float sumSquaredDiff(long a, float mean, int n) {
    return n < 16 ? plain.sumSquaredDiff(a, mean, n) : VectorSums.squaredDiff(a, mean, n);
  }

  @Override
  public void softmaxRow(long src, long dst, int n) {
    if (n < 16) {
      plain.softmaxRow(src, dst, n);
      return;
    }
    VectorUnary.expDiff(src, VectorRows.max(src, n), dst, n);
    VectorBinary.runConst(MUL, dst, 1f / VectorSums.sum(dst, n), dst, n);
  }

  @Override
  public void logSoftmaxRow(long src, long dst, int n) {
    if (n < 16) {
      plain.logSoftmaxRow(src, dst, n);
      return;
    }
    float max = VectorRows.max(src, n);
    float log = ScalarMath.log(VectorSums.expDiff(src, max, n));
    VectorRows.subTwice(src, max, log, dst, n);
  }

  @Override
  public float logSumExpRow(long src, int n) {
    if (n < 16) {
      return plain.logSumExpRow(src, n);
    }
    float max = VectorRows.max(src, n);
    return Float.isInfinite(max) ? max : max + ScalarMath.log(VectorSums.expDiff(src, max, n));
  }

  @Override
  public void softmaxGradRow(long y, long dy, long dx, int n) {
    if (n < 16) {
      plain.softmaxGradRow(y, dy, dx, n);
    } else {
      VectorRows.softmaxGrad(y, dy, VectorSums.product(y, dy, n), dx, n);
    }
  }

  @Override
  public void layerNormRow(long x, long w, long b, long y, int n, float eps) {
    if (n < 16) {
      plain.layerNormRow(x, w, b, y, n, eps);
      return;
    }
    float mean = VectorSums.sum(x, n) / n;
    float r = 1f / ScalarMath.sqrt(VectorSums.squaredDiff(x, mean, n) / n + eps);
    VectorRows.normalize(x, w, b, mean, r, y, n);
  }

  @Override
  public void layerNormGradRow(long x, long w, long dy, long dx, int n, float eps) {
    if (n < 16) {
      plain.layerNormGradRow(x, w, dy, dx, n, eps);
      return;
    }
    float mean = VectorSums.sum(x, n) / n;
    float r = 1f / ScalarMath.sqrt(VectorSums.squaredDiff(x, mean, n) / n + eps);
    float s = (w != 0 ? VectorSums.product(dy, w, n) : VectorSums.sum(dy, n)) / n;
    VectorRows.normalizeGrad(x, w, dy, mean, r, s, correlation(x, w, dy, mean, r, n), dx, n);
  }

  @Override
  public void rmsNormRow(long x, long w, long y, int n, float eps) {
    if (n < 16) {
      plain.rmsNormRow(x, w, y, n, eps);
      return;
    }
    float r = 1f / ScalarMath.sqrt(VectorSums.product(x, x, n) / n + eps);
    VectorRows.normalize(x, w, 0, 0f, r, y, n);
  }

  @Override
  public void rmsNormGradRow(long x, long w, long dy, long dx, int n, float eps) {
    if (n < 16) {
      plain.rmsNormGradRow(x, w, dy, dx, n, eps);
      return;
    }
    float r = 1f / ScalarMath.sqrt(VectorSums.product(x, x, n) / n + eps);
    VectorRows.normalizeGrad(x, w, dy, 0f, r, 0f, correlation(x, w, dy, 0f, r, n), dx, n);
  }

  /** The mean of the gradient times the normalised element. */
  private static float correlation(long x, long w, long dy, float mean, float r, int n) {
    float sum =
        w != 0
            ? VectorSums.weightedNormalized(x, w, dy, mean, r, n)
            : VectorSums.normalized(x, dy, mean, r, n);
    return sum / n;
  }

  @Override
  public void gelu(long x, long y, int n) {
    if (n < LANES) {
      plain.gelu(x, y, n);
    } else {
      VectorUnary.gelu(x, y, n);
    }
  }

  @Override
  public void geluGrad(long x, long dy, long dx, int n) {
    if (n < LANES) {
      plain.geluGrad(x, dy, dx, n);
    } else {
      VectorUnary.geluGrad(x, dy, dx, n);
    }
  }
}
