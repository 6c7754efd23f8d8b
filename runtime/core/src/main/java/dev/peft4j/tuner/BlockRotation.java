package dev.peft4j.tuner;

import dev.peft4j.tensor.Tensor;

/** Rotations of consecutive blocks, by the matrices that tuners make of skew-symmetric ones. */
public final class BlockRotation {
  private final int n;
  private final Tensor ids;
  private final Tensor signs;

  /**
   * Creates it for blocks of a size.
   *
   * @param n the size; at least 1
   */
  public BlockRotation(int n) {
    this.n = n;
    long[] at = new long[n * n];
    float[] sign = new float[n * n];
    int next = 0;
    for (int i = 0; i < n; i++) {
      for (int j = i + 1; j < n; j++) {
        at[i * n + j] = next;
        at[j * n + i] = next++;
        sign[i * n + j] = 1;
        sign[j * n + i] = -1;
      }
    }
    this.ids = Tensor.of(at);
    this.signs = Tensor.of(sign, n, n);
  }

  /** Returns the number of elements above the diagonal: n (n - 1) / 2. */
  public static int elements(int n) {
    return n * (n - 1) / 2;
  }

  /**
   * Returns the skew-symmetric matrices (blocks, n, n) whose elements above the diagonal are {@code
   * v} (blocks, n (n - 1) / 2), row by row.
   */
  public Tensor skew(Tensor v) {
    int blocks = v.dim(0);
    if (n == 1) {
      return Tensor.zeros(blocks, 1, 1);
    }
    return v.indexSelect(1, ids).reshape(blocks, n, n).mul(signs);
  }

  /** Returns (I − Q)(I + Q)⁻¹ for skew-symmetric Q (…, n, n) (Cayley). */
  public static Tensor cayley(Tensor q) {
    Tensor eye = Tensor.eye(q.dim(-1));
    return eye.add(q).inverse().mul(2).sub(eye);
  }

  /**
   * Returns the first terms of the series of (I + Q)(I − Q)⁻¹: I for one, I + 2Q for two, and from
   * three on I + 2Q + … + 2Qᵏ⁻² + Qᵏ⁻¹ as peft has it, where three and four are the same.
   */
  public static Tensor neumann(Tensor q, int terms) {
    Tensor eye = Tensor.eye(q.dim(-1));
    if (terms == 1) {
      return q.mul(0).add(eye);
    }
    Tensor sum = eye.add(q.mul(2));
    if (terms == 2) {
      return sum;
    }
    Tensor power = q.matmul(q);
    int last = Math.max(terms - 1, 3);
    sum = sum.add(power.mul(2));
    for (int i = 3; i < last; i++) {
      power = power.matmul(q);
      sum = sum.add(power.mul(2));
    }
    return sum.add(power.matmul(q));
  }

  /**
   * Returns x (…, blocks · n) with each block, as a row, multiplied by its matrix.
   *
   * @param r (blocks, n, n), or (1, n, n) for one that all blocks share
   */
  public static Tensor rows(Tensor x, Tensor r) {
    int n = r.dim(-1);
    int width = x.dim(-1);
    int[] shape = x.shape().toArray();
    if (r.dim(0) == 1) {
      return x.reshape(-1, n).matmul(r.reshape(n, n)).reshape(shape);
    }
    Tensor byBlock = x.reshape(-1, width / n, n).transpose(0, 1);
    return byBlock.matmul(r).transpose(0, 1).reshape(shape);
  }
}
