package dev.peft4j.backend.cpu;

import dev.peft4j.backend.cpu.DnnProduct.Steps;

/**
 * A product of two matrices that are computed or trained, through oneDNN, which reads both as they
 * are stored. It is several times as fast as OpenBLAS where one side is as thin as an adapter's
 * rank.
 */
final class DnnProductKernel extends Kernel {
  /** With fewer multiplications a call of the library and a plan for these sizes do not pay. */
  private static final long WORTH = 1 << 19;

  /** Columns are dealt out in blocks of this many. */
  private static final int BLOCK = 64;

  /** Elements of the result that are turned at a time. */
  private static final int TILE = 16;

  /**
   * {@code c = a · b + bias}, (m, k) and (k, n), either operand stored transposed.
   *
   * @param bias whether there is one
   */
  record Sizes(boolean transA, boolean transB, int m, int n, int k, boolean bias) {
    boolean worth() {
      return (long) m * n * k >= WORTH && OneDnn.available();
    }

    /** The columns of a transposed left operand lie side by side: they want to be the columns. */
    boolean turned() {
      return transA && !bias && m > n;
    }

    /** {@code cᵀ = bᵀ · aᵀ}. */
    Sizes turn() {
      return new Sizes(!transB, !transA, n, m, k, false);
    }
  }

  private final Sizes sizes;
  private final boolean turned;
  private final boolean byColumns;
  private final int parts;
  private final DnnProduct[] products;

  DnnProductKernel(Site site, Sizes given) {
    super(site);
    this.turned = given.turned();
    this.sizes = turned ? given.turn() : given;
    // every part reads all of the operand that is not cut
    this.byColumns = sizes.n > sizes.m;
    int units = byColumns ? Math.max(1, sizes.n / BLOCK) : sizes.m;
    this.parts = parts((long) sizes.m * sizes.n * sizes.k / 4, units);
    this.products = new DnnProduct[parts];
    for (int p = 0; p < parts; p++) {
      int rows = byColumns ? sizes.m : from(p + 1) - from(p);
      int columns = byColumns ? from(p + 1) - from(p) : sizes.n;
      Call call = new Call(sizes, rows, columns, turned ? columns : sizes.n);
      products[p] = site.frame().shared(p, call, call::make);
      if (turned) {
        site.frame().needScratch(4L * rows * columns);
      }
    }
  }

  /** What one part computes; the rows of its result are {@code step} apart. */
  private record Call(Sizes of, int rows, int columns, int step) {
    DnnProduct make() {
      Steps a = Steps.of(of.transA ? of.m : of.k, of.transA);
      Steps b = Steps.of(of.transB ? of.k : of.n, of.transB);
      return DnnProduct.plain(rows, columns, of.k, a, b, step, of.bias);
    }
  }

  /** The first row or column of a part. */
  private int from(int part) {
    if (!byColumns) {
      return start(sizes.m, part, parts);
    }
    return part == parts ? sizes.n : start(sizes.n / BLOCK, part, parts) * BLOCK;
  }

  @Override
  void run() {
    share(parts);
  }

  @Override
  public void run(int part) {
    int row = byColumns ? 0 : from(part);
    int column = byColumns ? from(part) : 0;
    long a = in(turned ? 1 : 0) + 4L * row * (sizes.transA ? 1 : sizes.k);
    long b = in(turned ? 0 : 1) + 4L * column * (sizes.transB ? sizes.k : 1);
    long bias = sizes.bias ? in(2) + 4L * column : 0;
    if (turned) {
      products[part].run(a, b, bias, scratch(part));
      turn(part, row, column);
    } else {
      products[part].run(a, b, bias, out() + 4L * ((long) row * sizes.n + column));
    }
  }

  /**
   * Writes a part's result, which lies in scratch memory, to the rows and columns it stands for.
   */
  private void turn(int part, int row, int column) {
    int rows = byColumns ? sizes.m : from(part + 1) - row;
    int columns = byColumns ? from(part + 1) - column : sizes.n;
    long source = scratch(part);
    long target = out() + 4L * ((long) column * sizes.m + row);
    for (int at = 0; at < columns; at += TILE) {
      int end = Math.min(columns, at + TILE);
      for (int r = 0; r < rows; r++) {
        for (int c = at; c < end; c++) {
          Memory.set(
              target + 4L * ((long) c * sizes.m + r),
              Memory.get(source + 4L * ((long) r * columns + c)));
        }
      }
    }
  }
}
