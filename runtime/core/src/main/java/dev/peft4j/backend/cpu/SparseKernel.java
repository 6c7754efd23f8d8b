package dev.peft4j.backend.cpu;

import dev.peft4j.data.DType;
import dev.peft4j.op.Gather;

/** Kernels that pair rows of two tables by integer ids, inputs 2 and 3. */
abstract class SparseKernel extends Kernel {
  /** A part with fewer columns would spend its time on finding the rows. */
  private static final int COLUMNS = 32;

  final Loops loops = Loops.best();
  final int n;
  final int count;
  private final boolean[] wide = new boolean[2];

  private SparseKernel(Site site) {
    super(site);
    this.n = site.in(0).dim(1);
    this.count = site.in(2).size();
    for (int i = 0; i < 2; i++) {
      wide[i] = site.program().dtype(site.step().inputs()[2 + i]) == DType.INT64;
    }
  }

  /** Returns the id at a position of input {@code 2 + which}. */
  final long id(int which, int position, int rows) {
    long at = in(2 + which);
    long id = wide[which] ? Memory.getLong(at + 8L * position) : Memory.getInt(at + 4L * position);
    if (id < 0 || id >= rows) {
      throw Gather.outOfRange(id, position, rows);
    }
    return id;
  }

  /** Adds multiples of rows to rows; each part has some of the columns. */
  static final class Product extends SparseKernel {
    private final int rows;
    private final int width;
    private final int parts;

    Product(Site site) {
      super(site);
      this.rows = site.out().dim(0);
      this.width = site.in(0).dim(0);
      this.parts = parts((long) count * n, Math.max(1, n / COLUMNS));
    }

    @Override
    void run() {
      loops.fill(0, out(), rows * n);
      share(parts);
    }

    @Override
    public void run(int part) {
      int from = start(n, part, parts);
      int columns = start(n, part + 1, parts) - from;
      for (int i = 0; i < count; i++) {
        long to = out() + 4 * (id(0, i, rows) * n + from);
        long x = in(0) + 4 * (id(1, i, width) * n + from);
        loops.axpy(Memory.get(in(1) + 4L * i), x, to, columns);
      }
    }
  }

  /** Multiplies rows by rows. */
  static final class Dots extends SparseKernel {
    private final int rowsOfA;
    private final int rowsOfB;
    private final int parts;

    Dots(Site site) {
      super(site);
      this.rowsOfA = site.in(0).dim(0);
      this.rowsOfB = site.in(1).dim(0);
      this.parts = parts((long) count * n, count);
    }

    @Override
    void run() {
      share(parts);
    }

    @Override
    public void run(int part) {
      int to = start(count, part + 1, parts);
      for (int i = start(count, part, parts); i < to; i++) {
        long a = in(0) + 4 * id(0, i, rowsOfA) * n;
        long b = in(1) + 4 * id(1, i, rowsOfB) * n;
        Memory.set(out() + 4L * i, loops.dot(a, b, n));
      }
    }
  }
}
