package dev.peft4j.tuner.c3a;

import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Products with a matrix of p by q circulant blocks of size b. Many blocks are multiplied in the
 * space of frequencies, where each is a diagonal, so that the matrix is never made.
 */
final class Circulant {
  /** From this many blocks along each side the way through frequencies is the shorter one. */
  private static final int MANY = 4;

  private final int p;
  private final int q;
  private final int b;
  private final Tensor forwards;
  private final Tensor backwards;
  private final @Nullable Frequencies frequencies;

  Circulant(int p, int q, int b) {
    this.p = p;
    this.q = q;
    this.b = b;
    this.forwards = index(b, -1);
    this.backwards = index(b, 1);
    this.frequencies = p * q >= MANY * (p + q) / 2 && b > 2 ? new Frequencies(b) : null;
  }

  /**
   * Which number of a kernel is in row t and column j: (j - t) mod b, or backwards (j + t) mod b.
   */
  private static Tensor index(int b, int sign) {
    long[] at = new long[b * b];
    for (int t = 0; t < b; t++) {
      for (int j = 0; j < b; j++) {
        at[t * b + j] = Math.floorMod(j + sign * t, b);
      }
    }
    return Tensor.of(at, b * b);
  }

  /** Returns the matrix (p · b, q · b) of kernels (p, q, b). */
  Tensor matrix(Tensor kernel, boolean reversed) {
    return kernel
        .reshape(p * q, b)
        .transpose(0, 1)
        .embedding(reversed ? backwards : forwards)
        .reshape(b, b, p, q)
        .permute(2, 0, 3, 1)
        .reshape(p * b, q * b);
  }

  /** Returns the product of x (…, q · b) with the matrix's transpose: (…, p · b). */
  Tensor times(Tensor x, Tensor kernel, boolean reversed) {
    if (frequencies == null) {
      return x.linear(matrix(kernel, reversed), null);
    }
    int[] shape = x.shape().toArray();
    shape[shape.length - 1] = p * b;
    return frequencies.times(x.reshape(-1, q, b), kernel, reversed).reshape(shape);
  }
}
