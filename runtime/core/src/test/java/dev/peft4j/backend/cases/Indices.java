package dev.peft4j.backend.cases;

import dev.peft4j.data.Shape;
import java.util.function.Consumer;

/** Multi-dimensional indices, counted up like an odometer. */
final class Indices {
  private Indices() {}

  /** Visits every index of a shape in row-major order; the array is reused. */
  static void each(Shape shape, Consumer<int[]> visit) {
    if (shape.elements() == 0) {
      return;
    }
    int[] dims = shape.toArray();
    int[] index = new int[dims.length];
    while (true) {
      visit.accept(index);
      int axis = dims.length - 1;
      while (axis >= 0 && ++index[axis] == dims[axis]) {
        index[axis--] = 0;
      }
      if (axis < 0) {
        return;
      }
    }
  }

  /** The position in a tensor of {@code shape} that an index of a shape it broadcasts to reads. */
  static int flat(Shape shape, int[] index) {
    int flat = 0;
    int shift = index.length - shape.rank();
    for (int i = 0; i < shape.rank(); i++) {
      int d = shape.dim(i);
      flat = flat * d + (d == 1 || i + shift < 0 ? 0 : index[i + shift]);
    }
    return flat;
  }

  /**
   * For each axis of an index of {@code rank} the step in a tensor of {@code small}; 0 where that
   * is repeated.
   */
  static int[] steps(Shape small, int rank) {
    int[] strides = small.strides();
    int[] steps = new int[rank];
    for (int i = 0; i < small.rank(); i++) {
      int axis = rank - small.rank() + i;
      if (axis >= 0 && small.dim(i) > 1) {
        steps[axis] = strides[i];
      }
    }
    return steps;
  }

  /** The position by {@link #steps}. */
  static int position(int[] steps, int[] index) {
    int position = 0;
    for (int i = 0; i < index.length; i++) {
      position += steps[i] * index[i];
    }
    return position;
  }

  /** The index moved along an axis. */
  static int[] moved(int[] index, int axis, int by) {
    int[] m = index.clone();
    m[axis] += by;
    return m;
  }
}
