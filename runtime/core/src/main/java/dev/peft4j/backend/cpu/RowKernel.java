package dev.peft4j.backend.cpu;

import dev.peft4j.op.LayerNorm;
import dev.peft4j.op.LayerNormGrad;
import dev.peft4j.op.RmsNorm;
import dev.peft4j.op.RmsNormGrad;

/**
 * Kernels that treat each row of the innermost dimension by itself: softmax and norms, with their
 * gradients.
 */
final class RowKernel extends Kernel {
  /**
   * Computes the row that starts {@code at} bytes into the inputs and the result; row-wide inputs
   * are given whole.
   */
  private interface Row {
    void run(RowKernel k, long at, int n);
  }

  private static final int COST = 8;

  private final Loops loops = Loops.best();
  private final Row row;
  private final int rows;
  private final int n;
  private final int parts;

  private RowKernel(Site site, Row row) {
    super(site);
    this.row = row;
    this.rows = site.out().rows();
    this.n = site.out().columns();
    this.parts = parts((long) rows * n * COST, rows);
  }

  static Kernel softmax(Site site) {
    return new RowKernel(site, (k, at, n) -> k.loops.softmaxRow(k.in(0) + at, k.out() + at, n));
  }

  static Kernel softmaxGrad(Site site) {
    return new RowKernel(
        site, (k, at, n) -> k.loops.softmaxGradRow(k.in(0) + at, k.in(1) + at, k.out() + at, n));
  }

  static Kernel logSoftmax(Site site) {
    return new RowKernel(site, (k, at, n) -> k.loops.logSoftmaxRow(k.in(0) + at, k.out() + at, n));
  }

  static Kernel layerNorm(Site site) {
    float eps = ((LayerNorm) site.step().op()).eps();
    return new RowKernel(
        site,
        (k, at, n) -> k.loops.layerNormRow(k.in(0) + at, k.in(1), k.in(2), k.out() + at, n, eps));
  }

  static Kernel layerNormGrad(Site site) {
    float eps = ((LayerNormGrad) site.step().op()).eps();
    return new RowKernel(
        site,
        (k, at, n) ->
            k.loops.layerNormGradRow(k.in(0) + at, k.in(1), k.in(2) + at, k.out() + at, n, eps));
  }

  static Kernel rmsNorm(Site site) {
    float eps = ((RmsNorm) site.step().op()).eps();
    return new RowKernel(
        site, (k, at, n) -> k.loops.rmsNormRow(k.in(0) + at, k.in(1), k.out() + at, n, eps));
  }

  static Kernel rmsNormGrad(Site site) {
    float eps = ((RmsNormGrad) site.step().op()).eps();
    return new RowKernel(
        site,
        (k, at, n) ->
            k.loops.rmsNormGradRow(k.in(0) + at, k.in(1), k.in(2) + at, k.out() + at, n, eps));
  }

  @Override
  void run() {
    share(parts);
  }

  @Override
  public void run(int part) {
    int to = start(rows, part + 1, parts);
    for (int r = start(rows, part, parts); r < to; r++) {
      row.run(this, 4L * r * n, n);
    }
  }
}
