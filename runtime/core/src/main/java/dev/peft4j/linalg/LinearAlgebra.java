package dev.peft4j.linalg;

import dev.peft4j.Peft4jException;
import dev.peft4j.data.NonFiniteException;
import java.util.ServiceLoader;

/**
 * Decompositions of matrices. Implementations are found by {@link ServiceLoader}; the CPU backend
 * has one. They copy and allocate, so they are not for a training step. All matrices are row-major.
 */
public interface LinearAlgebra {
  /**
   * A singular value decomposition, A = U · diag(s) · Vᵀ with k = min(rows, columns) singular
   * values, the largest first.
   *
   * @param u (rows, k), orthonormal columns
   * @param s (k)
   * @param vt (k, columns), orthonormal rows
   */
  record Svd(float[] u, float[] s, float[] vt) {}

  /**
   * A QR decomposition, A = Q · R with k = min(rows, columns).
   *
   * @param q (rows, k), orthonormal columns
   * @param r (k, columns), zero below the diagonal
   */
  record Qr(float[] q, float[] r) {}

  /**
   * Returns the reduced singular value decomposition.
   *
   * @param a (rows, columns)
   * @throws IllegalArgumentException if {@code a} does not have rows · columns numbers
   * @throws NonFiniteException if a number is not finite
   * @throws Peft4jException if the iteration does not converge
   */
  Svd svd(float[] a, int rows, int columns);

  /**
   * Returns the reduced QR decomposition by Householder reflections.
   *
   * @param a (rows, columns)
   * @throws IllegalArgumentException if {@code a} does not have rows · columns numbers
   * @throws NonFiniteException if a number is not finite
   */
  Qr qr(float[] a, int rows, int columns);

  /**
   * Returns the solution X (n, columns) of A · X = B in double precision, or, if A is singular, one
   * of the least squares.
   *
   * @param a (n, n)
   * @param b (n, columns)
   * @throws IllegalArgumentException if one of them does not have so many numbers
   */
  double[] solve(double[] a, int n, double[] b, int columns);

  /** Returns the transpose (columns, rows) of a matrix (rows, columns). */
  static float[] transposed(float[] a, int rows, int columns) {
    float[] t = new float[a.length];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        t[j * rows + i] = a[i * columns + j];
      }
    }
    return t;
  }

  /**
   * Returns the available implementation.
   *
   * @throws IllegalStateException if there is none
   */
  static LinearAlgebra available() {
    for (LinearAlgebra l :
        ServiceLoader.load(LinearAlgebra.class, LinearAlgebra.class.getClassLoader())) {
      return l;
    }
    throw new IllegalStateException(
        "no linear algebra (a service " + LinearAlgebra.class.getName() + ") is on the class path");
  }
}
