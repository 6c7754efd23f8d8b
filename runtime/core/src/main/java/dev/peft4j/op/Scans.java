package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.graph.Node;
import java.util.ArrayList;
import java.util.List;

/** Products and running sums along axes, made from simpler ops in a logarithmic number of steps. */
public final class Scans {
  private Scans() {}

  /**
   * Returns the product over {@code axes} (all when empty): neighbours are multiplied until one is
   * left.
   */
  public static Node product(Node x, int... axes) {
    Shape kept = Reduce.without(x.shape(), axes);
    Node rows = Reshape.of(last(x, axes), Shape.of((int) kept.elements(), size(x.shape(), kept)));
    int n = rows.shape().dim(1);
    if (n == 0) {
      return BroadcastTo.of(Pointwise.constant(1), kept);
    }
    while (n > 1) {
      int half = n / 2;
      Node product = Pointwise.mul(Slice.of(rows, 1, 0, half), Slice.of(rows, 1, half, 2 * half));
      rows = n % 2 == 0 ? product : Concat.of(1, product, Slice.of(rows, 1, n - 1, n));
      n = rows.shape().dim(1);
    }
    return Reshape.of(rows, kept);
  }

  private static int size(Shape all, Shape kept) {
    if (kept.elements() > 0) {
      return (int) (all.elements() / kept.elements());
    }
    return 1; // there is no row
  }

  /** Moves {@code axes} (all when empty) of {@code x} after the others. */
  private static Node last(Node x, int[] axes) {
    List<Integer> order = new ArrayList<>();
    List<Integer> behind = new ArrayList<>();
    for (int a : axes) {
      behind.add(x.shape().axis("prod", a));
    }
    for (int i = 0; i < x.shape().rank(); i++) {
      if (!behind.contains(i)) {
        order.add(i);
      }
    }
    order.addAll(behind);
    return axes.length == 0 ? x : Permute.of(x, order);
  }

  /** Returns the sums of all elements up to each one along an axis (Hillis and Steele 1986). */
  public static Node cumulativeSum(Node x, int axis) {
    int a = x.shape().axis("cumsum", axis);
    int n = x.shape().dim(a);
    Node sum = x;
    for (int d = 1; d < n; d *= 2) {
      sum = Pointwise.add(sum, Node.of(new Pad(a, d, 0), Slice.of(sum, a, 0, n - d)));
    }
    return sum;
  }
}
