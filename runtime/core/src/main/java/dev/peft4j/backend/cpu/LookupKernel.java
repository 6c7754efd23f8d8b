package dev.peft4j.backend.cpu;

import dev.peft4j.data.DType;
import dev.peft4j.data.Encoding;
import dev.peft4j.op.CrossEntropy;
import dev.peft4j.op.Gather;
import dev.peft4j.op.OneHot;
import java.lang.foreign.MemorySegment;

/** Kernels that look rows up by integer ids. */
abstract class LookupKernel extends Kernel {
  final Loops loops = Loops.best();
  private final int idInput;
  private final boolean wide;

  LookupKernel(Site site, int idInput) {
    super(site);
    this.idInput = idInput;
    this.wide = site.program().dtype(site.step().inputs()[idInput]) == DType.INT64;
  }

  final long id(int position) {
    return wide
        ? Memory.getLong(in(idInput) + 8L * position)
        : Memory.getInt(in(idInput) + 4L * position);
  }

  static final class Rows extends LookupKernel {
    private final int rows;
    private final int n;
    private final int count;
    private final int parts;
    private final Encoding encoding;

    Rows(Site site) {
      super(site, 1);
      this.encoding = site.encoding(0);
      this.rows = site.in(0).dim(0);
      this.n = site.in(0).dim(1);
      this.count = site.in(1).size();
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
        long id = id(i);
        if (id < 0 || id >= rows) {
          throw Gather.outOfRange(id, i, rows);
        }
        long target = out() + 4L * i * n;
        if (encoding.isPlain()) {
          loops.copy(in(0) + 4 * id * n, target, n);
        } else {
          encoding.decodeValues(Memory.ALL, in(0), id * n, n, Memory.ALL, target);
        }
      }
    }
  }

  static final class Add extends LookupKernel {
    private final int rows;
    private final int n;
    private final int count;

    Add(Site site) {
      super(site, 1);
      this.rows = site.out().dim(0);
      this.n = site.out().dim(1);
      this.count = site.in(1).size();
    }

    @Override
    void run() {
      loops.fill(0, out(), rows * n);
      for (int i = 0; i < count; i++) {
        long id = id(i);
        if (id < 0 || id >= rows) {
          throw Gather.outOfRange(id, i, rows);
        }
        long row = out() + 4L * id * n;
        loops.binary(Loops.ADD, row, in(0) + 4L * i * n, row, n);
      }
    }
  }

  /** Writes rows into a copy of a table, or into the table itself if the result is its memory. */
  static final class Write extends LookupKernel {
    private final int rows;
    private final int n;
    private final int count;

    Write(Site site) {
      super(site, 2);
      this.rows = site.out().dim(0);
      this.n = site.out().dim(1);
      this.count = site.in(2).size();
    }

    @Override
    void run() {
      if (in(0) != out()) {
        MemorySegment.copy(Memory.ALL, in(0), Memory.ALL, out(), 4L * rows * n);
      }
      for (int i = 0; i < count; i++) {
        long id = id(i);
        if (id < 0 || id >= rows) {
          throw Gather.outOfRange(id, i, rows);
        }
        MemorySegment.copy(Memory.ALL, in(1) + 4L * i * n, Memory.ALL, out() + 4L * id * n, 4L * n);
      }
    }
  }

  static final class Hot extends LookupKernel {
    private final int classes;
    private final int ignore;
    private final int count;

    Hot(Site site) {
      super(site, 0);
      OneHot op = (OneHot) site.step().op();
      this.classes = op.classes();
      this.ignore = op.ignoreIndex();
      this.count = site.in(0).size();
    }

    @Override
    void run() {
      loops.fill(0, out(), count * classes);
      for (int i = 0; i < count; i++) {
        long label = id(i);
        if (label == ignore) {
          continue;
        }
        if (label < 0 || label >= classes) {
          throw CrossEntropy.outOfRange(label, i, classes, ignore);
        }
        Memory.set(out() + 4L * ((long) i * classes + label), 1);
      }
    }
  }
}
