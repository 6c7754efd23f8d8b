package dev.peft4j.backend.cpu;

import dev.peft4j.data.DType;
import dev.peft4j.op.CrossEntropy;
import dev.peft4j.op.CrossEntropyGrad;

/** Cross-entropy and its gradient, each in one pass over the logits. */
abstract class LossKernel extends Kernel {
  final Loops loops = Loops.best();
  final int rows;
  final int classes;
  final int ignore;
  private final boolean wide;

  private LossKernel(Site site, int ignore) {
    super(site);
    this.rows = site.in(0).dim(0);
    this.classes = site.in(0).dim(1);
    this.ignore = ignore;
    this.wide = site.program().dtype(site.step().inputs()[1]) == DType.INT64;
  }

  /** The label of a row, -1 if it does not count. */
  final int label(int row) {
    long l = wide ? Memory.getLong(in(1) + 8L * row) : Memory.getInt(in(1) + 4L * row);
    if (l == ignore) {
      return -1;
    }
    if (l < 0 || l >= classes) {
      throw CrossEntropy.outOfRange(l, row, classes, ignore);
    }
    return (int) l;
  }

  static final class Forward extends LossKernel {
    Forward(Site site) {
      super(site, ((CrossEntropy) site.step().op()).ignoreIndex());
    }

    @Override
    void run() {
      double sum = 0;
      int count = 0;
      for (int r = 0; r < rows; r++) {
        int label = label(r);
        if (label >= 0) {
          long row = in(0) + 4L * r * classes;
          float max = loops.max(row, classes);
          // the difference first, and in double precision: it is small where both are large
          sum +=
              ((double) max - Memory.get(row + 4L * label)) + loops.logSumExpRow(row, max, classes);
          count++;
        }
      }
      Memory.set(out(), (float) (sum / count));
    }
  }

  static final class Gradient extends LossKernel {
    private final int parts;
    private float scale;

    Gradient(Site site) {
      super(site, ((CrossEntropyGrad) site.step().op()).ignoreIndex());
      this.parts = parts((long) rows * classes * 8, rows);
    }

    @Override
    void run() {
      int count = 0;
      for (int r = 0; r < rows; r++) {
        count += label(r) >= 0 ? 1 : 0;
      }
      scale = Memory.get(in(2)) / count;
      share(parts);
    }

    @Override
    public void run(int part) {
      int to = start(rows, part + 1, parts);
      for (int r = start(rows, part, parts); r < to; r++) {
        long dx = out() + 4L * r * classes;
        int label = label(r);
        if (label < 0) {
          loops.fill(0, dx, classes);
          continue;
        }
        loops.softmaxRow(in(0) + 4L * r * classes, dx, classes);
        Memory.set(dx + 4L * label, Memory.get(dx + 4L * label) - 1);
        loops.scale(scale, dx, dx, classes);
      }
    }
  }
}
