package dev.peft4j.backend.cpu;

import dev.peft4j.op.Rotary;

/** Rotates the heads of each token; the result may be in the memory of the input. */
final class RotaryKernel extends Kernel {
  private final Loops loops = Loops.best();
  private final Rotary op;
  private final int rows;
  private final int tokens;
  private final int width;
  private final int d;

  /** Dimensions of a head that are rotated. */
  private final int r;

  private final boolean tableOfEach;
  private final int parts;

  RotaryKernel(Site site) {
    super(site);
    this.op = (Rotary) site.step().op();
    this.rows = site.out().rows();
    this.tokens = site.out().dim(1);
    this.width = site.out().dim(2);
    this.d = width / op.heads();
    this.r = site.in(1).dim(2);
    this.tableOfEach = site.in(1).dim(0) > 1;
    this.parts = parts((long) rows * width * 4, rows);
  }

  @Override
  void run() {
    share(parts);
  }

  @Override
  public void run(int part) {
    int to = start(rows, part + 1, parts);
    for (int row = start(rows, part, parts); row < to; row++) {
      long cos = in(1) + 4L * (tableOfEach ? row : row % tokens) * r;
      for (int h = 0; h < op.heads(); h++) {
        long at = 4L * ((long) row * width + (long) h * d);
        long x = in(0) + at;
        long y = out() + at;
        if (op.interleaved()) {
          pairs(x, cos, y);
        } else {
          loops.rotate(x, cos, y, r / 2, op.inverse());
        }
        if (x != y) {
          loops.copy(x + 4L * r, y + 4L * r, d - r);
        }
      }
    }
  }

  private void pairs(long x, long cos, long y) {
    long sin = cos + 2L * r;
    for (int i = 0; i < r / 2; i++) {
      float c = Memory.get(cos + 4L * i);
      float s = op.inverse() ? -Memory.get(sin + 4L * i) : Memory.get(sin + 4L * i);
      float a = Memory.get(x + 8L * i);
      float b = Memory.get(x + 8L * i + 4);
      Memory.set(y + 8L * i, a * c - b * s);
      Memory.set(y + 8L * i + 4, b * c + a * s);
    }
  }
}
