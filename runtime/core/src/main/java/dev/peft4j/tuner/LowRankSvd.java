package dev.peft4j.tuner;

import dev.peft4j.linalg.LinearAlgebra;
import dev.peft4j.random.TorchGenerator;
import dev.peft4j.tensor.Tensor;
import java.util.Arrays;

/**
 * The largest singular values and vectors of a matrix by subspace iteration from random numbers
 * (Halko et al. 2009, algorithms 4.4 and 5.1), as torch's {@code svd_lowrank} computes them.
 */
public final class LowRankSvd {
  private LowRankSvd() {}

  /**
   * Returns the {@code q} largest ones.
   *
   * @param a (rows, columns)
   * @param q at most the smaller of the two sizes
   * @param iterations how often the subspace is improved
   * @param generator gives the numbers that torch would draw
   */
  public static LinearAlgebra.Svd of(
      float[] a, int rows, int columns, int q, int iterations, TorchGenerator generator) {
    if (rows < columns) { // it works on the tall one of the matrix and its transpose
      LinearAlgebra.Svd turned =
          of(LinearAlgebra.transposed(a, rows, columns), columns, rows, q, iterations, generator);
      return new LinearAlgebra.Svd(
          LinearAlgebra.transposed(turned.vt(), q, rows),
          turned.s(),
          LinearAlgebra.transposed(turned.u(), columns, q));
    }
    LinearAlgebra algebra = LinearAlgebra.available();
    Tensor m = Tensor.of(a, rows, columns);
    Tensor turned = m.transpose(0, 1);
    Tensor start = Tensor.of(generator.normal(columns * q, 0, 1), columns, q);
    Tensor basis = basis(algebra, m.matmul(start));
    for (int i = 0; i < iterations; i++) {
      basis = basis(algebra, m.matmul(basis(algebra, turned.matmul(basis))));
    }
    LinearAlgebra.Svd small = algebra.svd(basis.transpose(0, 1).matmul(m).toFloats(), q, columns);
    float[] u = basis.matmul(Tensor.of(small.u(), q, q)).toFloats();
    return new LinearAlgebra.Svd(u, small.s(), small.vt());
  }

  private static Tensor basis(LinearAlgebra algebra, Tensor x) {
    return Tensor.of(
        algebra.qr(x.toFloats(), x.dim(0), x.dim(1)).q(), x.dim(0), Math.min(x.dim(0), x.dim(1)));
  }

  /** Returns the first {@code count} rows of a matrix with rows of {@code columns} numbers. */
  public static float[] firstRows(float[] matrix, int columns, int count) {
    return Arrays.copyOf(matrix, columns * count);
  }

  /** Returns the first {@code count} columns of a matrix with rows of {@code columns} numbers. */
  public static float[] firstColumns(float[] matrix, int columns, int count) {
    int rows = columns == 0 ? 0 : matrix.length / columns;
    float[] first = new float[rows * count];
    for (int i = 0; i < rows; i++) {
      System.arraycopy(matrix, i * columns, first, i * count, count);
    }
    return first;
  }
}
