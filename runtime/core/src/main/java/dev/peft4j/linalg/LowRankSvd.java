package dev.peft4j.linalg;

import java.util.Arrays;
import java.util.function.IntFunction;

/**
 * Singular value decompositions of a low rank by subspace iteration (Halko et al. 2009), torch's
 * {@code svd_lowrank}. It begins with random numbers, on which the result depends.
 */
public final class LowRankSvd {
  private LowRankSvd() {}

  /**
   * Returns the decomposition of about the {@code q} largest singular values.
   *
   * @param a (rows, columns), row-major
   * @param q at most the smaller of rows and columns
   * @param iterations the number of refinements; more are more exact
   * @param normal gives that many numbers of N(0, 1)
   */
  public static LinearAlgebra.Svd of(
      float[] a, int rows, int columns, int q, int iterations, IntFunction<float[]> normal) {
    if (rows < columns) {
      LinearAlgebra.Svd turned =
          of(LinearAlgebra.transposed(a, rows, columns), columns, rows, q, iterations, normal);
      return new LinearAlgebra.Svd(
          LinearAlgebra.transposed(turned.vt(), q, rows),
          turned.s(),
          LinearAlgebra.transposed(turned.u(), columns, q));
    }
    float[] at = LinearAlgebra.transposed(a, rows, columns);
    float[] basis = basis(product(a, normal.apply(columns * q), rows, columns, q), rows, q);
    for (int i = 0; i < iterations; i++) {
      basis = basis(product(at, basis, columns, rows, q), columns, q);
      basis = basis(product(a, basis, rows, columns, q), rows, q);
    }
    float[] small = product(LinearAlgebra.transposed(basis, rows, q), a, q, rows, columns);
    LinearAlgebra.Svd svd = LinearAlgebra.available().svd(small, q, columns);
    return new LinearAlgebra.Svd(product(basis, svd.u(), rows, q, q), svd.s(), svd.vt());
  }

  private static float[] basis(float[] a, int rows, int columns) {
    return LinearAlgebra.available().qr(a, rows, columns).q();
  }

  /** Returns the product of a (m, k) and b (k, n), added up in double precision. */
  public static float[] product(float[] a, float[] b, int m, int k, int n) {
    float[] result = new float[m * n];
    double[] row = new double[n];
    for (int i = 0; i < m; i++) {
      Arrays.fill(row, 0);
      for (int j = 0; j < k; j++) {
        double f = a[i * k + j];
        for (int c = 0; c < n; c++) {
          row[c] += f * b[j * n + c];
        }
      }
      for (int c = 0; c < n; c++) {
        result[i * n + c] = (float) row[c];
      }
    }
    return result;
  }
}
