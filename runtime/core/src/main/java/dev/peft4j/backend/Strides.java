package dev.peft4j.backend;

import dev.peft4j.data.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * Loops over several tensors together in the order of one shape: one loop a dimension, where
 * neighbouring loops that every tensor walks evenly are joined into one.
 *
 * @param sizes sizes of the loops, outermost first; at least one
 * @param steps for each tensor and loop the step in elements, 0 where the tensor is repeated
 */
public record Strides(int[] sizes, int[][] steps) {
  /** Returns the loops of {@code shape} for tensors that broadcast to it. */
  public static Strides broadcast(Shape shape, Shape... tensors) {
    int[][] full = new int[tensors.length][];
    for (int t = 0; t < tensors.length; t++) {
      full[t] = steps(shape, tensors[t]);
    }
    return join(shape.toArray(), full);
  }

  private static int[] steps(Shape shape, Shape tensor) {
    int[] s = tensor.strides();
    int[] out = new int[shape.rank()];
    int missing = shape.rank() - tensor.rank();
    for (int i = 0; i < tensor.rank(); i++) {
      out[missing + i] = tensor.dim(i) == 1 ? 0 : s[i];
    }
    return out;
  }

  /** Joins neighbouring loops where all tensors allow it and drops loops of size 1. */
  public static Strides join(int[] sizes, int[][] steps) {
    List<Integer> keep = new ArrayList<>();
    int[] s = sizes.clone();
    for (int i = 0; i < s.length; i++) {
      if (s[i] == 1) {
        continue;
      }
      int last = keep.isEmpty() ? -1 : keep.getLast();
      boolean even = last >= 0;
      for (int[] step : steps) {
        even = even && step[last] == step[i] * s[i];
      }
      if (even) {
        s[i] *= s[last];
        keep.set(keep.size() - 1, i);
      } else {
        keep.add(i);
      }
    }
    if (keep.isEmpty()) {
      return new Strides(new int[] {1}, new int[steps.length][1]);
    }
    int[] joined = keep.stream().mapToInt(i -> s[i]).toArray();
    int[][] out = new int[steps.length][];
    for (int t = 0; t < steps.length; t++) {
      int[] step = steps[t];
      out[t] = keep.stream().mapToInt(i -> step[i]).toArray();
    }
    return new Strides(joined, out);
  }

  /** Returns the number of loops. */
  public int rank() {
    return sizes.length;
  }

  /** Returns the size of the innermost loop. */
  public int inner() {
    return sizes[sizes.length - 1];
  }

  /** Returns the step of a tensor in the innermost loop, in elements. */
  public int innerStep(int tensor) {
    return steps[tensor][sizes.length - 1];
  }

  /** Returns how often the innermost loop runs. */
  public int rows() {
    int n = 1;
    for (int i = 0; i < sizes.length - 1; i++) {
      n *= sizes[i];
    }
    return n;
  }

  /**
   * Returns a tensor's position, in elements, at the start of run {@code row} of the innermost
   * loop.
   */
  public int rowStart(int tensor, int row) {
    int at = 0;
    int r = row;
    int[] step = steps[tensor];
    for (int i = sizes.length - 2; i >= 0 && r > 0; i--) {
      at += r % sizes[i] * step[i];
      r /= sizes[i];
    }
    return at;
  }
}
