package dev.peft4j.backend.cpu;

import dev.peft4j.backend.Strides;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Scalar;

/**
 * An element-wise expression, evaluated in blocks that stay in the first-level cache: one primitive
 * loop for each function of the expression. Those loops are compiled once for all expressions, so
 * that a new program is fast from its first step.
 *
 * <p>Inputs that are repeated along the innermost loop enter as single numbers. When that loop is
 * short, repeated inputs are spread out into scratch memory first instead.
 */
final class ElementwiseKernel extends Kernel {
  /** Elements of a block: a handful of them fit the first-level cache. */
  static final int BLOCK = 1024;

  private static final int SHORT = 48;

  private final Loops loops = Loops.best();
  private final Strides strides;
  private final Tape tape;
  private final int elements;
  private final int inputs;
  private final int parts;
  private final boolean spread;

  private ElementwiseKernel(Site site, Scalar expression, int inputs) {
    super(site);
    Shape[] shapes = new Shape[inputs];
    for (int i = 0; i < inputs; i++) {
      shapes[i] = site.in(i);
    }
    this.inputs = inputs;
    this.elements = site.out().size();
    this.strides = Strides.broadcast(site.out(), shapes);
    this.spread = strides.rank() > 1 && strides.inner() < SHORT;
    boolean[] single = new boolean[inputs];
    for (int i = 0; i < inputs; i++) {
      single[i] = !spread && strides.innerStep(i) == 0 && elements > 0;
    }
    this.tape = Tape.of(expression, single);
    this.parts =
        parts((long) elements * tape.length(), spread ? Math.max(1, elements / BLOCK) : units());
    site.frame().needScratch(4L * BLOCK * (tape.registers() + (spread ? inputs : 0)) + 8L * inputs);
  }

  static Kernel of(Site site) {
    return site.step().op() instanceof Elementwise e
        ? new ElementwiseKernel(site, e.expression(), e.arity())
        : new ElementwiseKernel(site, Scalar.input(0), 1);
  }

  /** What is dealt out to the workers: rows, or blocks when there is one row. */
  private int units() {
    return strides.rank() == 1 ? Math.max(1, elements / BLOCK) : strides.rows();
  }

  @Override
  void run() {
    if (elements > 0) {
      share(parts);
    }
  }

  @Override
  public void run(int part) {
    // the addresses of this block's operands lie at the start of the part's scratch memory
    long operands = scratch(part);
    long registers = operands + 8L * inputs;
    if (spread) {
      int blocks = (elements + BLOCK - 1) / BLOCK;
      for (int b = start(blocks, part, parts); b < start(blocks, part + 1, parts); b++) {
        spreadBlock(b * BLOCK, Math.min(BLOCK, elements - b * BLOCK), operands, registers);
      }
    } else if (strides.rank() == 1) {
      int blocks = (elements + BLOCK - 1) / BLOCK;
      int from = start(blocks, part, parts) * BLOCK;
      row(
          0,
          0,
          from,
          Math.min(elements, start(blocks, part + 1, parts) * BLOCK),
          operands,
          registers);
    } else {
      int rows = strides.rows();
      int inner = strides.inner();
      for (int r = start(rows, part, parts); r < start(rows, part + 1, parts); r++) {
        row(r, (long) r * inner, 0, inner, operands, registers);
      }
    }
  }

  private void row(int r, long outStart, int from, int to, long operands, long registers) {
    for (int at = from; at < to; at += BLOCK) {
      for (int i = 0; i < inputs; i++) {
        long element = strides.rowStart(i, r) + (long) at * strides.innerStep(i);
        Memory.setLong(operands + 8L * i, in(i) + 4 * element);
      }
      tape.run(loops, operands, registers, out() + 4 * (outStart + at), Math.min(BLOCK, to - at));
    }
  }

  private void spreadBlock(int from, int n, long operands, long registers) {
    int inner = strides.inner();
    for (int i = 0; i < inputs; i++) {
      long copy = registers + 4L * BLOCK * (tape.registers() + i);
      int step = strides.innerStep(i);
      int done = 0;
      while (done < n) {
        int row = (from + done) / inner;
        int column = (from + done) % inner;
        int count = Math.min(inner - column, n - done);
        long src = in(i) + 4L * (strides.rowStart(i, row) + (long) column * step);
        for (int k = 0; k < count; k++) {
          Memory.set(copy + 4L * (done + k), Memory.get(src + 4L * k * step));
        }
        done += count;
      }
      Memory.setLong(operands + 8L * i, copy);
    }
    tape.run(loops, operands, registers, out() + 4L * from, n);
  }
}
