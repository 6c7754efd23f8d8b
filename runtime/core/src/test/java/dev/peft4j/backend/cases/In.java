package dev.peft4j.backend.cases;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import java.util.Arrays;
import java.util.function.Function;

/**
 * An input of an {@link OpCase}: its shape, how its values are drawn, and whether a gradient is
 * wanted for it.
 */
record In(Shape shape, boolean trainable, Function<Rng, Storage> values) {
  /** Standard normal numbers. */
  static In normal(int... dims) {
    Shape s = Shape.of(dims);
    return new In(s, true, r -> Storage.of(r.normal(s.size(), 0, 1)));
  }

  /** Normal numbers of a deviation. */
  static In wide(float std, int... dims) {
    Shape s = Shape.of(dims);
    return new In(s, true, r -> Storage.of(r.normal(s.size(), 0, std)));
  }

  /** Uniform numbers. */
  static In uniform(float lo, float hi, int... dims) {
    Shape s = Shape.of(dims);
    return new In(s, true, r -> Storage.of(r.uniform(s.size(), lo, hi)));
  }

  /** Zeros and ones, without gradient. */
  static In binary(int... dims) {
    Shape s = Shape.of(dims);
    return new In(s, false, r -> Storage.of(map(r.uniform(s.size(), 0, 1), x -> x < 0.4f ? 1 : 0)));
  }

  /** An additive mask: 0, or minus infinity in places; the first of each row is always 0. */
  static In padding(int... dims) {
    Shape s = Shape.of(dims);
    return new In(
        s,
        false,
        r -> {
          float[] m = map(r.uniform(s.size(), 0, 1), x -> x < 0.3f ? Float.NEGATIVE_INFINITY : 0);
          for (int row = 0; row < s.rows(); row++) {
            m[row * s.columns()] = 0;
          }
          return Storage.of(m);
        });
  }

  /** int32 numbers from 0 to below {@code bound}. */
  static In ints(int bound, int... dims) {
    Shape s = Shape.of(dims);
    return new In(
        s,
        false,
        r -> Storage.of(Arrays.stream(drawn(r, bound, s.size())).mapToInt(i -> (int) i).toArray()));
  }

  /** int64 numbers from 0 to below {@code bound}. */
  static In longs(int bound, int... dims) {
    Shape s = Shape.of(dims);
    return new In(s, false, r -> Storage.of(drawn(r, bound, s.size())));
  }

  /** int64 labels, about a third of them {@code ignore}; the first one counts. */
  static In labels(int bound, int ignore, int... dims) {
    Shape s = Shape.of(dims);
    return new In(
        s,
        false,
        r -> {
          long[] l = drawn(r, bound, s.size());
          if (l.length > 0 && l[0] == ignore) {
            l[0] = (ignore + 1) % bound;
          }
          for (int i = 1; i < l.length; i++) {
            l[i] = r.nextDouble() < 0.3 ? ignore : l[i];
          }
          return Storage.of(l);
        });
  }

  /** The key of a random mask. */
  static In key() {
    return new In(Shape.SCALAR, false, r -> Storage.of(new long[] {r.nextLong()}));
  }

  /** These very numbers. */
  static In given(float[] values, int... dims) {
    return new In(Shape.of(dims), true, r -> Storage.of(values));
  }

  /** These very integers. */
  static In integers(int[] values, int... dims) {
    return new In(Shape.of(dims), false, r -> Storage.of(values));
  }

  /** The same without a gradient. */
  In frozen() {
    return new In(shape, false, values);
  }

  private static long[] drawn(Rng r, int bound, int n) {
    long[] out = new long[n];
    for (int i = 0; i < n; i++) {
      out[i] = (long) (r.nextDouble() * bound);
    }
    return out;
  }

  private interface FloatFunction {
    float apply(float x);
  }

  private static float[] map(float[] x, FloatFunction f) {
    for (int i = 0; i < x.length; i++) {
      x[i] = f.apply(x[i]);
    }
    return x;
  }
}
