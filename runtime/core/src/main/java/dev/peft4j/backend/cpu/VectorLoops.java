package dev.peft4j.backend.cpu;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Loops by the Vector API. Loaded only where the module jdk.incubator.vector is.
 *
 * <p>Until HotSpot has compiled them, such loops are a hundred times slower than plain ones. Each
 * is therefore a plain one until it has seen some work and a {@link LoopWarmer} has had it
 * compiled: both give the same bits. What is shorter than 16 elements always is.
 */
final class VectorLoops implements Loops {
  // Places in the table of work done. Functions of one and two elements have their opcodes.
  private static final int CONST = 64;
  private static final int CONST_FIRST = 128;
  private static final int SELECT = 192;
  private static final int MUL_ADD = 193;
  private static final int FILL = 194;
  private static final int AXPY = 195;
  private static final int SUM = 196;
  private static final int MAXIMUM = 197;
  private static final int DOT = 198;
  private static final int SQUARES = 199;
  private static final int SQUARED_DIFF = 200;
  private static final int SOFTMAX = 201;
  private static final int LOG_SOFTMAX = 202;
  private static final int LOG_SUM_EXP = 203;
  private static final int SOFTMAX_GRAD = 204;
  private static final int LAYER_NORM = 205;
  private static final int LAYER_NORM_GRAD = 206;
  private static final int RMS_NORM = 207;
  private static final int RMS_NORM_GRAD = 208;
  private static final int GELU_PLACE = 209;
  private static final int GELU_GRAD_PLACE = 210;
  private static final int DOTS = 211;
  private static final int HALF_DOT = 212;
  private static final int HALF = 213;
  private static final int ROTATE = 214;
  private static final int PAIRS = 215;
  private static final int PLACES = 256;

  /** Rows of a weight that are brought into the cache together. */
  private static final int AHEAD = 16;

  private static final long LINE = 64;

  private final ScalarLoops plain = new ScalarLoops();

  /**
   * Elements that each loop has seen, up to {@link #warm}. Threads may miss each other's counts,
   * which does no harm.
   */
  private final int[] work = new int[PLACES];

  /** Loops that are compiled; seen a little late by other threads, which does no harm either. */
  private final boolean[] ready = new boolean[PLACES];

  /** What was read ahead, written down so that HotSpot does not leave the reading out. */
  private int touched;

  private final int warm;
  private final @Nullable LoopWarmer warmer;

  /** A loop is worth compiling after {@code warm} elements; with 0 it is taken to be compiled. */
  VectorLoops(int warm) {
    this.warm = warm;
    if (warm == 0) {
      warmer = null;
      Arrays.fill(ready, VectorMath.USEFUL);
    } else {
      VectorLoops[] compiled = new VectorLoops[1];
      warmer =
          new LoopWarmer(
              (loop, a, b, c, n) -> {
                if (compiled[0] == null) { // made here: it loads the Vector API
                  compiled[0] = new VectorLoops(0);
                }
                compiled[0].exercise(loop, a, b, c, n);
              },
              ready);
    }
  }

  private boolean plain(int loop, int n) {
    if (n < 16) {
      return true;
    }
    if (ready[loop]) {
      return false;
    }
    int done = work[loop];
    if (done < warm) {
      work[loop] = done + Math.min(n, warm);
    } else if (warmer != null) {
      warmer.ask(loop);
    }
    return true;
  }

  /** Runs the loop with that place in the table once. */
  private void exercise(int loop, long a, long b, long c, int n) {
    switch (loop) {
      case SELECT -> select(a, b, c, c, n);
      case MUL_ADD -> mulAdd(a, b, c, c, n);
      case FILL -> fill(1, c, n);
      case AXPY -> axpy(1e-9f, a, c, n);
      case SUM -> sum(a, n);
      case MAXIMUM -> max(a, n);
      case DOT -> dot(a, b, n);
      case DOTS -> dots(a, 4L * n / 4, 4, b, c, 4, n / 2);
      case PAIRS -> dots(a, 4L * n / 4, 4, b, 4L * n / 2, 2, c, 8, n / 2);
      case HALF_DOT -> dots(Encodings.BFLOAT16, a, 4, 1, b, c, c, 4, n);
      case HALF -> decode(Encodings.BFLOAT16, a, c, n);
      case ROTATE -> rotate(a, b, c, n / 2, false);
      case SQUARES -> sumOfSquares(a, n);
      case SQUARED_DIFF -> sumSquaredDiff(a, 0.5f, n);
      case SOFTMAX -> softmaxRow(a, c, n);
      case LOG_SOFTMAX -> logSoftmaxRow(a, c, n);
      case LOG_SUM_EXP -> logSumExpRow(a, 0f, n);
      case SOFTMAX_GRAD -> softmaxGradRow(a, b, c, n);
      case LAYER_NORM -> layerNormRow(a, b, b, c, n, 1e-5f);
      case LAYER_NORM_GRAD -> layerNormGradRow(a, b, a, c, n, 1e-5f);
      case RMS_NORM -> rmsNormRow(a, b, c, n, 1e-5f);
      case RMS_NORM_GRAD -> rmsNormGradRow(a, b, a, c, n, 1e-5f);
      case GELU_PLACE -> gelu(a, c, n);
      case GELU_GRAD_PLACE -> geluGrad(a, b, c, n);
      default -> {
        if (loop >= CONST_FIRST) {
          constBinary(loop - CONST_FIRST, 0.5f, a, c, n);
        } else if (loop >= CONST) {
          binaryConst(loop - CONST, a, 0.5f, c, n);
        } else if (loop >= NEG) {
          unary(loop, a, c, n);
        } else {
          binary(loop, a, b, c, n);
        }
      }
    }
  }

  @Override
  public void binary(int op, long a, long b, long dst, int n) {
    if (plain(op, n) || !VectorBinary.run(op, a, b, dst, n)) {
      plain.binary(op, a, b, dst, n);
    }
  }

  @Override
  public void binaryConst(int op, long a, float c, long dst, int n) {
    if (plain(CONST + op, n) || !VectorBinary.runConst(op, a, c, dst, n)) {
      plain.binaryConst(op, a, c, dst, n);
    }
  }

  @Override
  public void constBinary(int op, float c, long b, long dst, int n) {
    if (plain(CONST_FIRST + op, n) || !VectorBinary.constRun(op, c, b, dst, n)) {
      plain.constBinary(op, c, b, dst, n);
    }
  }

  @Override
  public void unary(int op, long a, long dst, int n) {
    if (plain(op, n) || !VectorUnary.run(op, a, dst, n)) {
      plain.unary(op, a, dst, n);
    }
  }

  @Override
  public void select(long cond, long a, long b, long dst, int n) {
    if (plain(SELECT, n)) {
      plain.select(cond, a, b, dst, n);
    } else {
      VectorRows.select(cond, a, b, dst, n);
    }
  }

  @Override
  public void mulAdd(long a, long b, long c, long dst, int n) {
    if (plain(MUL_ADD, n)) {
      plain.mulAdd(a, b, c, dst, n);
    } else {
      VectorRows.mulAdd(a, b, c, dst, n);
    }
  }

  @Override
  public void fill(float value, long dst, int n) {
    if (plain(FILL, n)) {
      plain.fill(value, dst, n);
    } else {
      VectorRows.fill(value, dst, n);
    }
  }

  @Override
  public void axpy(float alpha, long x, long y, int n) {
    if (plain(AXPY, n)) {
      plain.axpy(alpha, x, y, n);
    } else {
      VectorRows.axpy(alpha, x, y, n);
    }
  }

  @Override
  public float sum(long a, int n) {
    return plain(SUM, n) ? plain.sum(a, n) : VectorSums.sum(a, n);
  }

  @Override
  public float max(long a, int n) {
    return plain(MAXIMUM, n) ? plain.max(a, n) : VectorRows.max(a, n);
  }

  @Override
  public float dot(long a, long b, int n) {
    return plain(DOT, n) ? plain.dot(a, b, n) : VectorSums.product(a, b, n);
  }

  /** Vectors of 16 lanes, and rows that are whole vectors. */
  private static boolean wide(int n) {
    return VectorMath.LANES == 16 && n % 16 == 0;
  }

  @Override
  public void dots(long x, long step, int rows, long w, long y, long next, int n) {
    int r = 0;
    if (rows >= 4 && wide(n) && !plain(DOTS, n)) {
      for (; r + 4 <= rows; r += 4) {
        VectorDots.four(x + r * step, step, w, y + r * next, next, n);
      }
    }
    for (; r < rows; r++) {
      Memory.set(y + r * next, dot(x + r * step, w, n));
    }
  }

  /**
   * Reads a number of each line of the cache. A product of several rows leaves the processor little
   * room to ask for memory ahead, so that it would wait for each line by itself.
   */
  private static int touch(long from, long bytes) {
    int all = 0;
    for (long o = 0; o < bytes; o += LINE) {
      all ^= Memory.getInt(from + o);
    }
    return all;
  }

  @Override
  public void dots(
      long x, long step, int rows, long w, long wStep, int count, long y, long next, int n) {
    int j = 0;
    if (rows >= 4 && count >= 2 && wide(n) && !plain(PAIRS, n)) {
      for (; j + 2 <= count; j += 2) {
        if (j % AHEAD == 0 && count - j >= AHEAD) {
          touched = touch(w + j * wStep, AHEAD * wStep);
        }
        long from = w + j * wStep;
        long to = y + 4L * j;
        int r = 0;
        for (; r + 4 <= rows; r += 4) {
          VectorDots.eight(x + r * step, step, from, wStep, to + r * next, next, n);
        }
        if (r < rows) {
          long left = x + r * step;
          dots(left, step, rows - r, from, to + r * next, next, n);
          dots(left, step, rows - r, from + wStep, to + r * next + 4, next, n);
        }
      }
    }
    for (; j < count; j++) {
      dots(x, step, rows, w + j * wStep, y + 4L * j, next, n);
    }
  }

  @Override
  public void dots(
      Encoding encoding,
      long x,
      long step,
      int rows,
      long w,
      long decoded,
      long y,
      long next,
      int n) {
    if (rows == 1 && encoding.equals(Encodings.BFLOAT16) && wide(n) && !plain(HALF_DOT, n)) {
      Memory.set(y, VectorDots.half(x, w, n));
    } else {
      decode(encoding, w, decoded, n);
      dots(x, step, rows, decoded, y, next, n);
    }
  }

  @Override
  public void decode(Encoding encoding, long src, long dst, int n) {
    if (encoding.equals(Encodings.BFLOAT16) && wide(n) && !plain(HALF, n)) {
      VectorDots.decode(src, dst, n);
    } else {
      encoding.decode(Memory.ALL, src, Memory.ALL, dst, n);
    }
  }

  @Override
  public void rotate(long x, long table, long y, int half, boolean back) {
    if (half % VectorMath.LANES != 0 || plain(ROTATE, half)) {
      plain.rotate(x, table, y, half, back);
    } else {
      VectorRows.rotate(x, table, y, half, back ? -1f : 1f);
    }
  }

  @Override
  public float sumOfSquares(long a, int n) {
    return plain(SQUARES, n) ? plain.sumOfSquares(a, n) : VectorSums.product(a, a, n);
  }

  @Override
  public float sumSquaredDiff(long a, float mean, int n) {
    return plain(SQUARED_DIFF, n)
        ? plain.sumSquaredDiff(a, mean, n)
        : VectorSums.squaredDiff(a, mean, n);
  }

  @Override
  public void softmaxRow(long src, long dst, int n) {
    if (plain(SOFTMAX, n)) {
      plain.softmaxRow(src, dst, n);
      return;
    }
    VectorUnary.expDiff(src, VectorRows.max(src, n), dst, n);
    VectorBinary.runConst(MUL, dst, 1f / VectorSums.sum(dst, n), dst, n);
  }

  @Override
  public void logSoftmaxRow(long src, long dst, int n) {
    if (plain(LOG_SOFTMAX, n)) {
      plain.logSoftmaxRow(src, dst, n);
      return;
    }
    float max = VectorRows.max(src, n);
    float log = FastMath.log(VectorSums.expDiff(src, max, n));
    VectorRows.subTwice(src, max, log, dst, n);
  }

  @Override
  public float logSumExpRow(long src, float max, int n) {
    return plain(LOG_SUM_EXP, n)
        ? plain.logSumExpRow(src, max, n)
        : FastMath.log(VectorSums.expDiff(src, max, n));
  }

  @Override
  public void softmaxGradRow(long y, long dy, long dx, int n) {
    if (plain(SOFTMAX_GRAD, n)) {
      plain.softmaxGradRow(y, dy, dx, n);
    } else {
      VectorRows.softmaxGrad(y, dy, VectorSums.product(y, dy, n), dx, n);
    }
  }

  @Override
  public void layerNormRow(long x, long w, long b, long y, int n, float eps) {
    if (plain(LAYER_NORM, n)) {
      plain.layerNormRow(x, w, b, y, n, eps);
      return;
    }
    float mean = VectorSums.sum(x, n) / n;
    float r = FastMath.inverseRoot(VectorSums.squaredDiff(x, mean, n) / n + eps);
    VectorRows.normalize(x, w, b, mean, r, y, n);
  }

  @Override
  public void layerNormGradRow(long x, long w, long dy, long dx, int n, float eps) {
    if (plain(LAYER_NORM_GRAD, n)) {
      plain.layerNormGradRow(x, w, dy, dx, n, eps);
      return;
    }
    float mean = VectorSums.sum(x, n) / n;
    float r = FastMath.inverseRoot(VectorSums.squaredDiff(x, mean, n) / n + eps);
    float s = (w != 0 ? VectorSums.product(dy, w, n) : VectorSums.sum(dy, n)) / n;
    VectorRows.normalizeGrad(x, w, dy, mean, r, s, correlation(x, w, dy, mean, r, n), dx, n);
  }

  @Override
  public void rmsNormRow(long x, long w, long y, int n, float eps) {
    if (plain(RMS_NORM, n)) {
      plain.rmsNormRow(x, w, y, n, eps);
      return;
    }
    float r = FastMath.inverseRoot(VectorSums.product(x, x, n) / n + eps);
    VectorRows.normalize(x, w, 0, 0f, r, y, n);
  }

  @Override
  public void rmsNormGradRow(long x, long w, long dy, long dx, int n, float eps) {
    if (plain(RMS_NORM_GRAD, n)) {
      plain.rmsNormGradRow(x, w, dy, dx, n, eps);
      return;
    }
    float r = FastMath.inverseRoot(VectorSums.product(x, x, n) / n + eps);
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
    if (plain(GELU_PLACE, n)) {
      plain.gelu(x, y, n);
    } else {
      VectorUnary.gelu(x, y, n);
    }
  }

  @Override
  public void geluGrad(long x, long dy, long dx, int n) {
    if (plain(GELU_GRAD_PLACE, n)) {
      plain.geluGrad(x, dy, dx, n);
    } else {
      VectorUnary.geluGrad(x, dy, dx, n);
    }
  }
}
