package dev.peft4j.samples.bench;

import com.sun.management.ThreadMXBean;
import dev.peft4j.backend.Profile;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import java.util.function.DoubleSupplier;

/**
 * What a step costs: where its time goes, its floating-point operations and memory.
 *
 * @param profile of all steps together
 * @param steps how many were run
 * @param seconds they took
 * @param heapBytes Java heap that they allocated
 */
record CostReport(Profile profile, int steps, double seconds, long heapBytes) {
  /** Runs {@code step}, which returns its seconds, {@code steps} times. */
  static CostReport of(DoubleSupplier step, int steps) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < steps; i++) {
      step.getAsDouble();
    }
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
    Profile profile = new Profile();
    double seconds = 0;
    for (int i = 0; i < steps; i++) {
      seconds += profile.measure(step::getAsDouble);
    }
    return new CostReport(profile, steps, seconds, allocated);
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
        + profile;
  }
}
