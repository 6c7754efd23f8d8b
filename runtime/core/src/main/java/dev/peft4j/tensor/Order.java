package dev.peft4j.tensor;

import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import java.util.Arrays;
import java.util.Comparator;

/**
 * The elements of a tensor in order along an axis, and their positions.
 *
 * @param values the elements; their gradient goes to where they were
 * @param indices where they were along the axis, int64 of the shape of the values
 */
public record Order(Tensor values, Tensor indices) {
  /**
   * Returns all elements in order; equal ones keep their order, and NaN is larger than all others.
   */
  static Order sort(Tensor x, int axis, boolean descending) {
    int a = x.shape().axis("sort", axis);
    return chosen(x, a, positions(x, a, x.dim(a), descending));
  }

  /** Returns the {@code k} largest elements. */
  static Order top(Tensor x, int k, int axis) {
    int a = x.shape().axis("topk", axis);
    if (k < 0 || k > x.dim(a)) {
      throw new ShapeException(
          "topk: " + k + " elements of dimension " + a + " of shape " + x.shape());
    }
    return chosen(x, a, positions(x, a, k, true));
  }

  /** Returns the position of the largest or smallest element. */
  static Tensor first(Tensor x, int axis, boolean largest) {
    String name = largest ? "argmax" : "argmin";
    int a = x.shape().axis(name, axis);
    if (x.dim(a) == 0) {
      throw new ShapeException(name + ": dimension " + a + " of shape " + x.shape() + " is empty");
    }
    float[] v = x.toFloats();
    Shape s = x.shape();
    int n = s.dim(a);
    int step = s.product(a + 1, s.rank());
    int[] dims = s.toArray();
    int outer = s.product(0, a);
    long[] best = new long[outer * step];
    for (int i = 0; i < best.length; i++) {
      int start = i / step * n * step + i % step;
      int at = 0;
      for (int k = 1; k < n; k++) {
        if (before(v[start + k * step], v[start + at * step], largest)) {
          at = k;
        }
      }
      best[i] = at;
    }
    int[] rest = new int[dims.length - 1];
    for (int i = 0; i < rest.length; i++) {
      rest[i] = dims[i < a ? i : i + 1];
    }
    return Tensor.of(dev.peft4j.data.Storage.of(best), Shape.of(rest));
  }

  private static boolean before(float candidate, float best, boolean largest) {
    if (Float.isNaN(best)) {
      return false;
    }
    return Float.isNaN(candidate) || (largest ? candidate > best : candidate < best);
  }

  private static Order chosen(Tensor x, int axis, Tensor indices) {
    return new Order(x.gather(axis, indices), indices);
  }

  private static Tensor positions(Tensor x, int axis, int count, boolean descending) {
    float[] v = x.toFloats();
    Shape s = x.shape();
    int n = s.dim(axis);
    int step = s.product(axis + 1, s.rank());
    Shape result = s.with(axis, count);
    long[] out = new long[result.size()];
    Integer[] order = new Integer[n];
    for (int row = 0; row < s.product(0, axis) * step; row++) {
      int start = row / step * n * step + row % step;
      Arrays.setAll(order, i -> i);
      // -0 and 0 are equal; Float.compare has NaN behind everything
      Comparator<Integer> rising =
          (i, k) -> Float.compare(v[start + i * step] + 0f, v[start + k * step] + 0f);
      Arrays.sort(order, descending ? rising.reversed() : rising);
      int to = row / step * count * step + row % step;
      for (int k = 0; k < count; k++) {
        out[to + k * step] = order[k];
      }
    }
    return Tensor.of(dev.peft4j.data.Storage.of(out), result);
  }
}
