package dev.peft4j.backend.cpu;

import dev.peft4j.data.DType;
import dev.peft4j.data.Halves;
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

  static final class Floats extends FillKernel {
    private final DType type;

    Floats(Site site) {
      super(site);
      this.type = site.program().dtype(site.step().inputs()[0]);
    }

    @Override
    void fill(int from, int to) {
      if (type.isHalf()) {
        Halves.widen(type, Memory.ALL, in(0) + 2L * from, Memory.ALL, out() + 4L * from, to - from);
        return;
      }
      boolean wide = type == DType.INT64;
      for (int i = from; i < to; i++) {
        Memory.set(
            out() + 4L * i, wide ? Memory.getLong(in(0) + 8L * i) : Memory.getInt(in(0) + 4L * i));
      }
    }
  }

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
