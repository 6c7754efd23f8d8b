package dev.peft4j.backend.cpu;

import dev.peft4j.backend.Strides;
import dev.peft4j.data.Shape;

/**
 * Sums or maxima over broadcast dimensions. Each result is added up in one fixed order, whatever
 * the number of threads.
 */
final class ReduceKernel extends Kernel {
  private final Loops loops = Loops.best();
  private final boolean max;
  private final Strides strides;
  private final int results;
  private final boolean innerReduced;
  private final boolean outerKept;
  private final int parts;

  ReduceKernel(Site site, boolean max) {
    super(site);
    this.max = max;
    Shape in = site.in(0);
    this.results = site.out().size();
    this.strides = Strides.broadcast(in, in, site.out());
    this.innerReduced = strides.innerStep(1) == 0 && results > 0 && in.size() > 0;
    this.outerKept = strides.rank() > 1 && strides.steps()[1][0] != 0;
    int units = outerKept ? strides.sizes()[0] : innerReduced ? 1 : strides.inner() / 16;
    this.parts = in.size() == 0 ? 1 : parts(in.size(), Math.max(1, units));
  }

  @Override
  void run() {
    if (outerKept || parts == 1) {
      loops.fill(max ? Float.NEGATIVE_INFINITY : 0, out(), results);
    }
    share(parts);
  }

  @Override
  public void run(int part) {
    int inner = strides.inner();
    if (outerKept || parts == 1) {
      int outer = strides.rank() > 1 ? strides.sizes()[0] : 1;
      int rowsEach = strides.rows() / Math.max(1, outer);
      int from = start(outer, part, parts) * rowsEach;
      reduce(from, start(outer, part + 1, parts) * rowsEach, 0, inner);
    } else {
      int from = start(inner, part, parts);
      int to = start(inner, part + 1, parts);
      for (int r = 0; r < strides.rows(); r++) {
        // every outer loop is reduced or repeated per row: this part owns its columns of each
        // result row
        long dst = out() + 4L * (strides.rowStart(1, r) + from);
        if (first(r)) {
          loops.fill(max ? Float.NEGATIVE_INFINITY : 0, dst, to - from);
        }
      }
      reduce(0, strides.rows(), from, to);
    }
  }

  /** True if no earlier row goes to the same results. */
  private boolean first(int row) {
    int r = row;
    for (int i = strides.rank() - 2; i >= 0; i--) {
      if (strides.steps()[1][i] == 0 && r % strides.sizes()[i] != 0) {
        return false;
      }
      r /= strides.sizes()[i];
    }
    return true;
  }

  private void reduce(int fromRow, int toRow, int from, int to) {
    int inner = strides.inner();
    for (int r = fromRow; r < toRow; r++) {
      long src = in(0) + 4L * ((long) r * inner + from);
      long dst = out() + 4L * strides.rowStart(1, r);
      if (innerReduced) {
        float v = max ? loops.max(src, to - from) : loops.sum(src, to - from);
        float before = Memory.get(dst);
        Memory.set(dst, max ? Math.max(before, v) : before + v);
      } else {
        loops.binary(max ? Loops.MAX : Loops.ADD, dst + 4L * from, src, dst + 4L * from, to - from);
      }
    }
  }
}
