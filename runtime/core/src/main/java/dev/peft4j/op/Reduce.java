package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.SumTo;
import java.util.Arrays;

/** Sums, means and maxima over dimensions, made from {@link SumTo} and {@link MaxTo}. */
public final class Reduce {
  private Reduce() {}

  /**
   * Returns the sum over {@code axes} (all when empty), which are kept with size 1 if {@code keep}.
   */
  public static Node sum(Node x, boolean keep, int... axes) {
    return finish(SumTo.of(x, kept("sum", x.shape(), axes)), x.shape(), keep, axes);
  }

  /**
   * Returns the mean over {@code axes} (all when empty).
   *
   * @throws ShapeException if there is nothing to average
   */
  public static Node mean(Node x, boolean keep, int... axes) {
    Shape kept = kept("mean", x.shape(), axes);
    if (x.shape().elements() == 0 && kept.elements() > 0) {
      throw new ShapeException(
          "mean: shape " + x.shape() + " has no elements; is the batch empty?");
    }
    double scale = (double) kept.elements() / Math.max(1, x.shape().elements());
    return finish(Pointwise.mul(SumTo.of(x, kept), scale), x.shape(), keep, axes);
  }

  /** Returns the largest element over {@code axes} (all when empty). */
  public static Node max(Node x, boolean keep, int... axes) {
    Shape kept = kept("max", x.shape(), axes);
    if (x.shape().elements() == 0 && kept.elements() > 0) {
      throw new ShapeException("max: shape " + x.shape() + " has no elements; is the batch empty?");
    }
    Node m = kept.equals(x.shape()) ? x : Node.of(new MaxTo(kept), x);
    return finish(m, x.shape(), keep, axes);
  }

  private static Shape kept(String op, Shape s, int[] axes) {
    int[] d = s.toArray();
    if (axes.length == 0) {
      Arrays.fill(d, 1);
    }
    for (int a : axes) {
      d[s.axis(op, a)] = 1;
    }
    return Shape.of(d);
  }

  private static Node finish(Node reduced, Shape before, boolean keep, int[] axes) {
    return keep ? reduced : Reshape.of(reduced, without(before, axes));
  }

  /** Returns {@code before} without {@code axes}; rank 0 when they are empty. */
  static Shape without(Shape before, int[] axes) {
    boolean[] gone = new boolean[before.rank()];
    for (int a : axes) {
      gone[before.axis(a)] = true;
    }
    int[] d = new int[before.rank()];
    int n = 0;
    for (int i = 0; i < d.length && axes.length > 0; i++) {
      if (!gone[i]) {
        d[n++] = before.dim(i);
      }
    }
    return Shape.of(Arrays.copyOf(d, n));
  }
}
