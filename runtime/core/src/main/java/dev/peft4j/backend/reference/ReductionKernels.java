package dev.peft4j.backend.reference;

import java.util.Arrays;

/** Sums and maxima over the dimensions where the result has size 1 or none. */
final class ReductionKernels {
  private ReductionKernels() {}

  static void sum(Values[] in, Values out) {
    int[] to = Values.under(in[0].shape(), out.shape());
    double[] sums = new double[out.floats().length];
    for (int i = 0; i < to.length; i++) {
      sums[to[i]] += in[0].floats()[i];
    }
    for (int i = 0; i < sums.length; i++) {
      out.floats()[i] = (float) sums[i];
    }
  }

  /** NaN where one of the elements is NaN, as torch's {@code amax}. */
  static void max(Values[] in, Values out) {
    int[] to = Values.under(in[0].shape(), out.shape());
    Arrays.fill(out.floats(), Float.NEGATIVE_INFINITY);
    for (int i = 0; i < to.length; i++) {
      out.floats()[to[i]] = Math.max(out.floats()[to[i]], in[0].floats()[i]);
    }
  }
}
