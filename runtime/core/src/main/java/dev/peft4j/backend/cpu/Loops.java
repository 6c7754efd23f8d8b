package dev.peft4j.backend.cpu;

import dev.peft4j.data.Encoding;
import dev.peft4j.log.Log;
import java.lang.foreign.MemorySegment;

/**
 * Primitive loops over float32 elements at native addresses. {@code n} is a number of elements, at
 * least 0; addresses need the alignment of a float at most. A destination is one of the sources, or
 * overlaps none of them.
 *
 * <p>Every implementation gives the same bits (a NaN being a NaN) on every machine: functions are
 * the same operations in the same order, and so are sums. A sum of {@code n < 16} elements goes
 * from left to right. One of more has 16 accumulators, element {@code i} of each whole group of 16
 * going to accumulator {@code i}; these are added up as a tree, first those whose numbers differ by
 * 8, then by 4, by 2 and by 1; the elements after the last whole group are summed as a group of
 * their own, 0 in place of elements that the last 16 have in common with the whole groups, and
 * added.
 */
interface Loops {
  // Functions of two elements.
  int ADD = 0;
  int SUB = 1;
  int MUL = 2;
  int DIV = 3;

  /** As {@link Math#max(float, float)}: NaN if one is. */
  int MAX = 4;

  /** As {@link Math#min(float, float)}: NaN if one is. */
  int MIN = 5;

  /** Computed in double precision, element by element; slow. */
  int POW = 6;

  // Comparisons give 1 or 0.
  int GT = 7;
  int GE = 8;
  int EQ = 9;
  int LT = 10;
  int LE = 11;
  int NE = 12;

  // Functions of one element.
  int NEG = 20;
  int ABS = 21;
  int EXP = 22;
  int LOG = 23;
  int SQRT = 24;

  /** {@code 1 / sqrt(x)}. */
  int RSQRT = 25;

  /** {@code 1 / x}. */
  int RECIP = 26;

  int SQUARE = 27;
  int TANH = 28;
  int SIGMOID = 29;
  int ERF = 30;

  /** Computed in double precision, element by element; slow. */
  int SIN = 31;

  /** Computed in double precision, element by element; slow. */
  int COS = 32;

  int FLOOR = 33;

  /** -1, 1, or the element itself if it is 0 or NaN. */
  int SIGN = 34;

  /** As {@link #gelu}. */
  int GELU = 35;

  /** As {@link #geluGrad}, a function of two elements. */
  int GELU_GRAD = 13;

  /**
   * The fastest implementation this Java has; says once in the log if it is not the vector one.
   *
   * @throws IllegalStateException if native memory access is denied
   */
  static Loops best() {
    Memory.requireAccess();
    return Best.LOOPS;
  }

  /**
   * {@code dst = a op b}.
   *
   * @throws IllegalArgumentException if {@code op} is not a function of two elements
   */
  void binary(int op, long a, long b, long dst, int n);

  /** {@code dst = a op c} with a constant. */
  void binaryConst(int op, long a, float c, long dst, int n);

  /** {@code dst = c op b} with a constant. */
  void constBinary(int op, float c, long b, long dst, int n);

  /**
   * {@code dst = op(a)}.
   *
   * @throws IllegalArgumentException if {@code op} is not a function of one element
   */
  void unary(int op, long a, long dst, int n);

  /** {@code dst = cond != 0 ? a : b}; NaN is not 0. */
  void select(long cond, long a, long b, long dst, int n);

  /** {@code dst = a * b + c}, rounded twice. */
  void mulAdd(long a, long b, long c, long dst, int n);

  /** {@code dst = value}. */
  void fill(float value, long dst, int n);

  /** {@code dst = src}; here they may overlap in any way. */
  default void copy(long src, long dst, int n) {
    MemorySegment.copy(Memory.ALL, src, Memory.ALL, dst, 4L * n);
  }

  /** {@code y = alpha * x + y}. */
  void axpy(float alpha, long x, long y, int n);

  /** {@code dst = alpha * x}. */
  default void scale(float alpha, long x, long dst, int n) {
    binaryConst(MUL, x, alpha, dst, n);
  }

  /** The sum of the elements; 0 of none. */
  float sum(long a, int n);

  /** The largest element; NaN if one is NaN, negative infinity of none. */
  float max(long a, int n);

  /** The sum of {@code a * b}. */
  float dot(long a, long b, int n);

  /**
   * The products of some rows, {@code step} bytes apart, with one: {@code y[r] = dot(x[r], w)}; the
   * results are {@code next} bytes apart.
   */
  default void dots(long x, long step, int rows, long w, long y, long next, int n) {
    for (int r = 0; r < rows; r++) {
      Memory.set(y + r * next, dot(x + r * step, w, n));
    }
  }

  /**
   * The same with {@code count} rows, {@code wStep} bytes apart: the results of a row of x stand
   * side by side, and those of the next row {@code next} bytes behind.
   */
  default void dots(
      long x, long step, int rows, long w, long wStep, int count, long y, long next, int n) {
    for (int j = 0; j < count; j++) {
      dots(x, step, rows, w + j * wStep, y + 4L * j, next, n);
    }
  }

  /**
   * The same with {@code w} in an encoding without blocks; {@code decoded} is room for n numbers.
   */
  default void dots(
      Encoding encoding,
      long x,
      long step,
      int rows,
      long w,
      long decoded,
      long y,
      long next,
      int n) {
    decode(encoding, w, decoded, n);
    dots(x, step, rows, decoded, y, next, n);
  }

  /** {@code dst = src} as float32, from an encoding without blocks. */
  default void decode(Encoding encoding, long src, long dst, int n) {
    encoding.decode(Memory.ALL, src, Memory.ALL, dst, n);
  }

  /** The sum of the squares. */
  float sumOfSquares(long a, int n);

  /** The sum of {@code (a - mean)²}. */
  float sumSquaredDiff(long a, float mean, int n);

  /** {@code dst = exp(src) / sum(exp(src))}, with the largest element subtracted first. */
  void softmaxRow(long src, long dst, int n);

  /** {@code dst = src - log(sum(exp(src)))}. */
  void logSoftmaxRow(long src, long dst, int n);

  /**
   * {@code log(sum(exp(src - max)))} where {@code max} is the largest element. It is not added
   * again: beside a large one the rest would be rounded away.
   */
  float logSumExpRow(long src, float max, int n);

  /**
   * {@code dx = y * (dy - sum(y * dy))}: the gradient through a softmax whose result is {@code y}.
   */
  void softmaxGradRow(long y, long dy, long dx, int n);

  /**
   * {@code y = (x - mean) / sqrt(variance + eps) * w + b}; {@code w} and {@code b} may be 0 for
   * none.
   */
  void layerNormRow(long x, long w, long b, long y, int n, float eps);

  /** The gradient of {@link #layerNormRow} for {@code x}; {@code w} may be 0 for none. */
  void layerNormGradRow(long x, long w, long dy, long dx, int n, float eps);

  /** {@code y = x / sqrt(mean(x²) + eps) * w}; {@code w} may be 0 for none. */
  void rmsNormRow(long x, long w, long y, int n, float eps);

  /** The gradient of {@link #rmsNormRow} for {@code x}; {@code w} may be 0 for none. */
  void rmsNormGradRow(long x, long w, long dy, long dx, int n, float eps);

  /** {@code y = x / 2 * (1 + erf(x / sqrt(2)))}. */
  void gelu(long x, long y, int n);

  /** {@code dx = dy * gelu'(x)}. */
  void geluGrad(long x, long dy, long dx, int n);

  /**
   * Rotates {@code half} pairs (x[i], x[i + half]) by angles of which {@code table} has the cosines
   * and then the sines, or back; {@code y} may be {@code x}.
   */
  default void rotate(long x, long table, long y, int half, boolean back) {
    for (int i = 0; i < half; i++) {
      long o = 4L * i;
      long p = 4L * (i + half);
      float c = Memory.get(table + o);
      float s = back ? -Memory.get(table + p) : Memory.get(table + p);
      float a = Memory.get(x + o);
      float b = Memory.get(x + p);
      Memory.set(y + o, a * c - b * s);
      Memory.set(y + p, b * c + a * s);
    }
  }

  /** {@code y = x + bias} for each of {@code rows} rows of n elements, one after another. */
  default void addBias(long x, long bias, long y, int rows, int n) {
    for (int r = 0; r < rows; r++) {
      long row = 4L * r * n;
      binary(ADD, x + row, bias, y + row, n);
    }
  }

  /** The exception for a number that names no function. */
  static IllegalArgumentException unknown(int op, String kind) {
    return new IllegalArgumentException("opcode " + op + " is not a function of " + kind);
  }

  /** Made at the first use. */
  final class Best {
    static final Loops LOOPS = choose();

    /** Less work than that is not worth compiling for. */
    private static final int WARM = 1 << 16;

    private Best() {}

    private static Loops choose() {
      if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
        Log.of(Loops.class)
            .warn(
                "The CPU backend runs without vector instructions, several times slower: start Java"
                    + " with --add-modules jdk.incubator.vector");
        return new ScalarLoops();
      }
      return new VectorLoops(WARM);
    }
  }
}
