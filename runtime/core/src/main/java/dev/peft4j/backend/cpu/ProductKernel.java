package dev.peft4j.backend.cpu;

import dev.peft4j.backend.Strides;
import dev.peft4j.data.Shape;
import dev.peft4j.op.MatMul;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products that are not done by oneDNN, through OpenBLAS, which runs on one thread here: the
 * rows of the result (or its columns, when there are more of those) are dealt out to the workers.
 * Very small products are computed by plain loops, which start faster.
 */
final class ProductKernel extends Kernel {
  /** Below this many multiplications a library call costs more than the product. */
  private static final long TINY = 1_500;

  private final Loops loops = Loops.best();
  private final boolean transA;
  private final boolean transB;
  private final int m;
  private final int n;
  private final int k;
  private final Strides batches;
  private final boolean bias;
  private final boolean byColumns;
  private final int parts;

  private ProductKernel(
      Site site,
      boolean transA,
      boolean transB,
      int m,
      int n,
      int k,
      Strides batches,
      boolean bias) {
    super(site);
    this.transA = transA;
    this.transB = transB;
    this.m = m;
    this.n = n;
    this.k = k;
    this.batches = batches;
    this.bias = bias;
    int rows = batchCount() * m;
    // each worker packs the right operand for itself: the longer side is the cheaper one to cut
    this.byColumns = n > rows;
    this.parts = parts((long) rows * n * k / 4, byColumns ? Math.max(1, n / 8) : rows);
  }

  static Kernel matmul(Site site) {
    Kernel special = special(site);
    if (special != null) {
      return special;
    }
    MatMul op = (MatMul) site.step().op();
    Shape a = site.in(0);
    Shape b = site.in(1);
    if (b.rank() == 2 && (!op.transposeA() || a.rank() == 2)) {
      // all rows of an untransposed a are one matrix
      int m = op.transposeA() ? op.m(a) : a.rows();
      return oneMatrix(site, op.transposeA(), op.transposeB(), m, op.n(b), op.k(a), false);
    }
    Shape batch = MatMul.outer(site.out());
    Strides s = Strides.broadcast(batch, MatMul.outer(a), MatMul.outer(b));
    return new ProductKernel(
        site, op.transposeA(), op.transposeB(), op.m(a), op.n(b), op.k(a), s, false);
  }

  static Kernel linear(Site site) {
    Kernel special = special(site);
    if (special != null) {
      return special;
    }
    Shape x = site.in(0);
    Shape w = site.in(1);
    boolean bias = site.step().inputs().length > 2;
    return oneMatrix(site, false, true, x.rows(), w.dim(0), w.dim(1), bias);
  }

  private static @Nullable Kernel special(Site site) {
    Kernel few = FewRowsKernel.of(site);
    return few != null ? few : FrozenProductKernel.of(site);
  }

  private static Kernel oneMatrix(
      Site site, boolean transA, boolean transB, int m, int n, int k, boolean bias) {
    DnnProductKernel.Sizes sizes = new DnnProductKernel.Sizes(transA, transB, m, n, k, bias);
    if (sizes.worth()) {
      return new DnnProductKernel(site, sizes);
    }
    Strides one = Strides.broadcast(Shape.SCALAR, Shape.SCALAR, Shape.SCALAR);
    return new ProductKernel(site, transA, transB, m, n, k, one, bias);
  }

  private int batchCount() {
    return batches.rows() * batches.inner();
  }

  @Override
  void run() {
    share(parts);
  }

  @Override
  public void run(int part) {
    int rows = batchCount() * m;
    if (rows == 0 || n == 0) {
      return;
    }
    if (byColumns) {
      block(0, rows, start(n, part, parts), start(n, part + 1, parts));
    } else {
      block(start(rows, part, parts), start(rows, part + 1, parts), 0, n);
    }
  }

  /** Rows of all matrices from {@code from} to {@code to}, cut where one matrix ends. */
  private void block(int from, int to, int fromColumn, int toColumn) {
    int at = from;
    while (at < to) {
      int matrix = at / m;
      int row = at % m;
      int count = Math.min(m - row, to - at);
      int outer = matrix / batches.inner();
      int inner = matrix % batches.inner();
      long a = in(0) + 4L * m * k * (batches.rowStart(0, outer) + inner * batches.innerStep(0));
      long b = in(1) + 4L * n * k * (batches.rowStart(1, outer) + inner * batches.innerStep(1));
      a += 4L * row * (transA ? 1 : k);
      b += 4L * fromColumn * (transB ? k : 1);
      product(
          a,
          b,
          out() + 4L * ((long) at * n + fromColumn),
          count,
          toColumn - fromColumn,
          fromColumn);
      at += count;
    }
  }

  private void product(long a, long b, long c, int rows, int columns, int fromColumn) {
    if (bias) {
      for (int r = 0; r < rows; r++) {
        loops.copy(in(2) + 4L * fromColumn, c + 4L * r * n, columns);
      }
    }
    if ((long) rows * columns * k <= TINY) {
      tiny(a, b, c, rows, columns);
    } else {
      Blas.gemm(
          transA,
          transB,
          rows,
          columns,
          k,
          1,
          a,
          transA ? m : k,
          b,
          transB ? k : n,
          bias ? 1 : 0,
          c,
          n);
    }
  }

  private void tiny(long a, long b, long c, int rows, int columns) {
    long aRow = 4L * (transA ? 1 : k);
    long aStep = 4L * (transA ? m : 1);
    long bColumn = 4L * (transB ? k : 1);
    long bStep = 4L * (transB ? 1 : n);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        long at = c + 4L * ((long) i * n + j);
        float sum = bias ? Memory.get(at) : 0;
        long x = a + i * aRow;
        long y = b + j * bColumn;
        for (int p = 0; p < k; p++) {
          sum += Memory.get(x) * Memory.get(y);
          x += aStep;
          y += bStep;
        }
        Memory.set(at, sum);
      }
    }
  }
}
