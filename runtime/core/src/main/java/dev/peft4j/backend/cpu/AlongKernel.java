package dev.peft4j.backend.cpu;

import dev.peft4j.op.GatherAlong;

/** Kernels that look up or add single elements along the innermost dimension, row by row. */
abstract class AlongKernel extends LookupKernel {
  private final int rows;
  private final int width;
  private final int parts;

  private AlongKernel(Site site, int width) {
    super(site, 1);
    this.width = width;
    this.rows = width == 0 ? 0 : site.in(1).size() / width;
    this.parts = parts(site.in(1).elements(), rows);
  }

  @Override
  void run() {
    share(parts);
  }

  @Override
  public void run(int part) {
    int to = start(rows, part + 1, parts);
    for (int row = start(rows, part, parts); row < to; row++) {
      for (int k = 0; k < width; k++) {
        element(row, row * width + k);
      }
    }
  }

  /** Treats the element whose integer is at {@code position}. */
  abstract void element(int row, int position);

  final int id(int position, int n) {
    long id = id(position);
    if (id < 0 || id >= n) {
      throw GatherAlong.outOfRange(id, position, n);
    }
    return (int) id;
  }

  static final class Elements extends AlongKernel {
    private final int n;

    Elements(Site site) {
      super(site, site.out().dim(-1));
      this.n = site.in(0).dim(-1);
    }

    @Override
    void element(int row, int position) {
      long from = in(0) + 4L * ((long) row * n + id(position, n));
      Memory.set(out() + 4L * position, Memory.get(from));
    }
  }

  static final class Sums extends AlongKernel {
    private final int n;
    private final int size;

    Sums(Site site) {
      super(site, site.in(0).dim(-1));
      this.n = site.out().dim(-1);
      this.size = site.out().size();
    }

    @Override
    void run() {
      loops.fill(0, out(), size);
      super.run();
    }

    @Override
    void element(int row, int position) {
      long to = out() + 4L * ((long) row * n + id(position, n));
      Memory.set(to, Memory.get(to) + Memory.get(in(0) + 4L * position));
    }
  }
}
