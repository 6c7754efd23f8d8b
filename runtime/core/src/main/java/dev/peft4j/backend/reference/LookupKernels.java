package dev.peft4j.backend.reference;

import dev.peft4j.op.CrossEntropy;
import dev.peft4j.op.Gather;
import dev.peft4j.op.GatherAlong;
import dev.peft4j.op.OneHot;
import dev.peft4j.op.RandomMask;

/**
 * Ops that read integers: ids, labels and keys; and the masks that are made from nothing but
 * positions.
 */
final class LookupKernels {
  private LookupKernels() {}

  static void decode(Values[] in, Values out) {
    for (int i = 0; i < out.floats().length; i++) {
      out.floats()[i] = in[0].dtype().isInteger() ? in[0].longs()[i] : in[0].floats()[i];
    }
  }

  static void gather(Values[] in, Values out) {
    int rows = in[0].shape().dim(0);
    int n = in[0].shape().dim(1);
    for (int i = 0; i < in[1].longs().length; i++) {
      int row = row(in[1], i, rows);
      for (int k = 0; k < n; k++) {
        out.floats()[i * n + k] = in[0].floats()[row * n + k];
      }
    }
  }

  static void scatterAdd(Values[] in, Values out) {
    int rows = out.shape().dim(0);
    int n = out.shape().dim(1);
    double[] sums = new double[rows * n];
    for (int i = 0; i < in[1].longs().length; i++) {
      int row = row(in[1], i, rows);
      for (int k = 0; k < n; k++) {
        sums[row * n + k] += in[0].floats()[i * n + k];
      }
    }
    for (int i = 0; i < sums.length; i++) {
      out.floats()[i] = (float) sums[i];
    }
  }

  static void gatherAlong(Values[] in, Values out) {
    int n = in[0].shape().dim(-1);
    int m = out.shape().dim(-1);
    for (int i = 0; i < in[1].longs().length; i++) {
      out.floats()[i] = in[0].floats()[i / m * n + along(in[1], i, n)];
    }
  }

  static void scatterAlong(Values[] in, Values out) {
    int n = out.shape().dim(-1);
    int m = in[0].shape().dim(-1);
    double[] sums = new double[out.floats().length];
    for (int i = 0; i < in[1].longs().length; i++) {
      sums[i / m * n + along(in[1], i, n)] += in[0].floats()[i];
    }
    for (int i = 0; i < sums.length; i++) {
      out.floats()[i] = (float) sums[i];
    }
  }

  private static int along(Values index, int position, int n) {
    long id = index.longs()[position];
    if (id < 0 || id >= n) {
      throw GatherAlong.outOfRange(id, position, n);
    }
    return (int) id;
  }

  private static int row(Values ids, int position, int rows) {
    long id = ids.longs()[position];
    if (id < 0 || id >= rows) {
      throw Gather.outOfRange(id, position, rows);
    }
    return (int) id;
  }

  static void oneHot(OneHot op, Values[] in, Values out) {
    for (int i = 0; i < in[0].longs().length; i++) {
      long label = in[0].longs()[i];
      if (label == op.ignoreIndex()) {
        continue;
      }
      if (label < 0 || label >= op.classes()) {
        throw CrossEntropy.outOfRange(label, i, op.classes(), op.ignoreIndex());
      }
      out.floats()[i * op.classes() + (int) label] = 1;
    }
  }

  static void randomMask(RandomMask op, Values[] in, Values out) {
    long key = in[0].longs()[0];
    for (int i = 0; i < out.floats().length; i++) {
      out.floats()[i] = RandomMask.element(key, i, op.p());
    }
  }

  static void arange(Values[] in, Values out) {
    for (int i = 0; i < out.floats().length; i++) {
      out.floats()[i] = i;
    }
  }

  static void causal(Values[] in, Values out) {
    int rows = out.shape().dim(0);
    int columns = out.shape().dim(1);
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        // aligned at the end: the last row sees all columns
        boolean later = c > r + columns - rows;
        out.floats()[r * columns + c] = later ? Float.NEGATIVE_INFINITY : 0;
      }
    }
  }
}
