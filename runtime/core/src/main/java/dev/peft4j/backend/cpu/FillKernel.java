package dev.peft4j.backend.cpu;

import dev.peft4j.op.Causal;
import dev.peft4j.op.RandomMask;

/** Kernels that compute each element from its position or from one integer. */
abstract class FillKernel extends Kernel {
  final int elements;
  private final int parts;

  private FillKernel(Site site) {
    super(site);
    this.elements = site.out().size();
    this.parts = parts(elements * 4L, elements);
  }

  @Override
  final void run() {
    share(parts);
  }

  @Override
  public final void run(int part) {
    fill(start(elements, part, parts), start(elements, part + 1, parts));
  }

  abstract void fill(int from, int to);

  static final class Mask extends FillKernel {
    private final float p;

    Mask(Site site) {
      super(site);
      this.p = ((RandomMask) site.step().op()).p();
    }

    @Override
    void fill(int from, int to) {
      long key = Memory.getLong(in(0));
      for (int i = from; i < to; i++) {
        Memory.set(out() + 4L * i, RandomMask.element(key, i, p));
      }
    }
  }

  static final class Numbers extends FillKernel {
    Numbers(Site site) {
      super(site);
    }

    @Override
    void fill(int from, int to) {
      for (int i = from; i < to; i++) {
        Memory.set(out() + 4L * i, i);
      }
    }
  }

  static final class Triangle extends FillKernel {
    private final int rows;
    private final int columns;

    Triangle(Site site) {
      super(site);
      Causal op = (Causal) site.step().op();
      this.rows = op.rows();
      this.columns = op.columns();
    }

    @Override
    void fill(int from, int to) {
      for (int i = from; i < to; i++) {
        boolean visible = i % columns <= i / columns + columns - rows;
        Memory.set(out() + 4L * i, visible ? 0 : Float.NEGATIVE_INFINITY);
      }
    }
  }
}
