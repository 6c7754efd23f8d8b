package dev.peft4j.backend.cpu;

import dev.peft4j.data.Shape;
import dev.peft4j.op.Concat;
import dev.peft4j.op.Pad;
import dev.peft4j.op.Slice;
import java.lang.foreign.MemorySegment;

/**
 * Copies runs of elements between inputs and the result: slices, concatenations, padding, and views
 * that must be copies.
 */
final class CopyKernel extends Kernel {
  /**
   * One input's part in the result: {@code rows} runs of {@code bytes}.
   *
   * @param from where the first run starts in the input, and what it goes on by
   * @param to where the first run starts in the result, and what it goes on by
   */
  private record Runs(int rows, long bytes, long from, long fromStep, long to, long toStep) {}

  private final Runs[] runs;
  private final long zeroed;

  private CopyKernel(Site site, Runs[] runs, boolean padded) {
    super(site);
    this.runs = runs;
    this.zeroed = padded ? site.out().elements() * 4 : 0;
  }

  static Kernel whole(Site site) {
    long bytes = site.program().bytes(site.step().output());
    return new CopyKernel(site, new Runs[] {new Runs(1, bytes, 0, 0, 0, 0)}, false);
  }

  static Kernel slice(Site site) {
    Slice op = (Slice) site.step().op();
    long unit = unit(site, op.axis());
    long row = unit * site.in(0).dim(op.axis());
    long run = unit * (op.to() - op.from());
    int rows = site.out().product(0, op.axis());
    return new CopyKernel(
        site, new Runs[] {new Runs(rows, run, unit * op.from(), row, 0, run)}, false);
  }

  static Kernel pad(Site site) {
    Pad op = (Pad) site.step().op();
    long unit = unit(site, op.axis());
    long run = unit * site.in(0).dim(op.axis());
    long row = unit * site.out().dim(op.axis());
    int rows = site.out().product(0, op.axis());
    return new CopyKernel(
        site, new Runs[] {new Runs(rows, run, 0, run, unit * op.before(), row)}, true);
  }

  static Kernel concat(Site site) {
    int axis = ((Concat) site.step().op()).axis();
    Runs[] runs = new Runs[site.step().inputs().length];
    long unit = unit(site, axis);
    long row = unit * site.out().dim(axis);
    long at = 0;
    for (int i = 0; i < runs.length; i++) {
      long run = unit * site.in(i).dim(axis);
      runs[i] = new Runs(site.out().product(0, axis), run, 0, run, at, row);
      at += run;
    }
    return new CopyKernel(site, runs, false);
  }

  /** Bytes of one index of the axis. */
  private static long unit(Site site, int axis) {
    Shape out = site.out();
    return (long) out.product(axis + 1, out.rank())
        * site.program().dtype(site.step().output()).bytes();
  }

  @Override
  void run() {
    if (zeroed > 0) {
      Memory.ALL.asSlice(out(), zeroed).fill((byte) 0);
    }
    for (int i = 0; i < runs.length; i++) {
      Runs r = runs[i];
      for (int row = 0; row < r.rows; row++) {
        MemorySegment.copy(
            Memory.ALL,
            in(i) + r.from + row * r.fromStep,
            Memory.ALL,
            out() + r.to + row * r.toStep,
            r.bytes);
      }
    }
  }
}
