package dev.peft4j.samples.bench;

import com.sun.management.ThreadMXBean;
import dev.peft4j.backend.Profile;
import dev.peft4j.backend.cpu.BlasSpeed;
import dev.peft4j.data.Shape;
import dev.peft4j.op.LinearOp;
import dev.peft4j.op.MatMul;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import java.util.function.DoubleSupplier;

/**
 * The cost of a step: where its time goes, its floating-point operations and memory.
 *
 * @param profile of all steps together
 * @param steps the number of steps
 * @param seconds the time of the steps
 * @param heapBytes the Java heap that they allocated
 */
record CostReport(Profile profile, int steps, double seconds, long heapBytes) {
  /** The smallest share of the time from which a product is compared with OpenBLAS. */
  private static final double WORTH_COMPARING = 0.01;

  /** Runs {@code step}, which returns its seconds, {@code 2 * steps} times. */
  static CostReport of(DoubleSupplier step, int steps) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    run(step, steps);
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
    Profile profile = new Profile();
    double seconds = profile.measure(() -> run(step, steps));
    return new CostReport(profile, steps, seconds, allocated);
  }

  private static double run(DoubleSupplier step, int steps) {
    double seconds = 0;
    for (int i = 0; i < steps; i++) {
      seconds += step.getAsDouble();
    }
    return seconds;
  }

  @Override
  public String toString() {
    double flops = (double) profile.flops() / steps;
    return String.format(
            Locale.ROOT,
            "one step: %.4f ms, %.4f ms of it in ops; %.4g FLOP, %.1f GFLOPS; planned memory %.2f"
                + " MiB; Java heap allocated %,d bytes%n",
            1e3 * seconds / steps,
            profile.nanos() / 1e6 / steps,
            flops,
            flops * steps / seconds / 1e9,
            profile.plannedBytes() / 1048576.0,
            heapBytes / steps)
        + profile
        + products();
  }

  /** Returns the large products, compared with OpenBLAS. */
  private String products() {
    StringBuilder s = new StringBuilder("products that take 1 % or more, against OpenBLAS alone\n");
    double flops = 0;
    double nanos = 0;
    double alone = 0;
    for (Profile.Entry e : profile.entries()) {
      if (e.nanos() < WORTH_COMPARING * profile.nanos() || !isProduct(e)) {
        continue;
      }
      double speed = openBlas(e);
      flops += e.flops();
      nanos += e.nanos();
      alone += e.flops() / speed;
      line(s, e.gflops(), speed, e.label());
    }
    if (nanos > 0) {
      line(s, flops / nanos, flops / alone, "all of these");
    }
    return s.toString();
  }

  private static void line(StringBuilder s, double here, double openBlas, String what) {
    s.append(
        String.format(
            Locale.ROOT,
            "%7.1f GFLOPS, %5.2f of OpenBLAS's %.1f  %s%n",
            here,
            here / openBlas,
            openBlas,
            what));
  }

  private static boolean isProduct(Profile.Entry e) {
    boolean plain = e.op() instanceof LinearOp || e.op() instanceof MatMul m && !m.transposeA();
    return plain && e.inputs().get(1).rank() == 2;
  }

  private static double openBlas(Profile.Entry e) {
    Shape x = e.inputs().get(0);
    boolean transposed = !(e.op() instanceof MatMul m) || m.transposeB();
    try {
      return BlasSpeed.gflops(x.rows(), e.output().dim(-1), x.dim(-1), transposed);
    } catch (LinkageError missing) {
      return Double.NaN; // the archive for machines with a GPU has no OpenBLAS
    }
  }
}
