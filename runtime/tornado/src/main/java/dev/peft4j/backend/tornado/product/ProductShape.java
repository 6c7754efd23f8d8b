package dev.peft4j.backend.tornado.product;

import dev.peft4j.backend.Strides;
import dev.peft4j.data.Shape;
import dev.peft4j.op.MatMul;

/**
 * Sizes and operand orders of a product {@code c = op(a) · op(b)}, for each position of the
 * broadcast outer dimensions.
 *
 * @param m rows of {@code op(a)} and c
 * @param n columns of {@code op(b)} and c
 * @param k the inner size
 * @param transposeA a is stored as (k, m) instead of (m, k)
 * @param transposeB b is stored as (n, k) instead of (k, n)
 * @param batch the outer dimensions of c; without any, c is one matrix
 * @param batchA those of a, which broadcast to {@code batch}
 * @param batchB those of b, likewise
 */
public record ProductShape(
    int m,
    int n,
    int k,
    boolean transposeA,
    boolean transposeB,
    Shape batch,
    Shape batchA,
    Shape batchB) {
  /** Returns the shape of one product of two matrices. */
  public static ProductShape of(int m, int n, int k, boolean transposeA, boolean transposeB) {
    return new ProductShape(
        m, n, k, transposeA, transposeB, Shape.SCALAR, Shape.SCALAR, Shape.SCALAR);
  }

  /**
   * Returns the product that {@code op} makes of operands of these shapes. With a right operand of
   * rank 2 and an untransposed left one, all rows of the left one are one matrix.
   */
  public static ProductShape of(MatMul op, Shape a, Shape b) {
    if (b.rank() == 2 && !op.transposeA()) {
      return of(a.rows(), op.n(b), op.k(a), false, op.transposeB());
    }
    Shape batchA = MatMul.outer(a);
    Shape batchB = MatMul.outer(b);
    return new ProductShape(
        op.m(a),
        op.n(b),
        op.k(a),
        op.transposeA(),
        op.transposeB(),
        Shape.broadcast("matmul", batchA, batchB),
        batchA,
        batchB);
  }

  /** Returns the product {@code x · wᵀ} of a linear layer: x is (..., in), w is (out, in). */
  public static ProductShape linear(Shape x, Shape w) {
    return of(x.rows(), w.dim(0), w.dim(1), false, true);
  }

  /** Returns the number of matrices of c. */
  int matrices() {
    return batch.size();
  }

  /** Returns the loops over the matrices of c; tensor 0 is a, tensor 1 is b. */
  Strides loops() {
    return Strides.broadcast(batch, batchA, batchB);
  }

  /** Returns the number of elements of a. */
  public int sizeA() {
    return batchA.size() * m * k;
  }

  /** Returns the number of elements of b. */
  int sizeB() {
    return batchB.size() * n * k;
  }

  /** Returns the number of elements of c. */
  int sizeC() {
    return matrices() * m * n;
  }
}
