package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.Node;

/** Variances, norms and logarithms of sums, made from simpler ops. */
public final class Statistics {
  private Statistics() {}

  /** Returns the variance over {@code axes} (all when empty), divided by n - {@code correction}. */
  public static Node variance(Node x, int correction, int... axes) {
    Node mean = Reduce.mean(x, true, axes);
    long n = 1;
    for (int i = 0; i < x.shape().rank(); i++) {
      n *= mean.shape().dim(i) == x.shape().dim(i) ? 1 : x.shape().dim(i);
    }
    if (n <= correction) {
      throw new ShapeException(
          "variance: "
              + n
              + " elements of shape "
              + x.shape()
              + " with correction "
              + correction
              + ": needed more elements than the correction");
    }
    Node square = Node.of(Pointwise.SQUARE, Pointwise.sub(x, mean));
    return Pointwise.mul(Reduce.sum(square, false, axes), 1.0 / (n - correction));
  }

  /** Returns √x, with gradient 0 at 0. */
  public static Node root(Node x) {
    return Node.of(Activations.LENGTH, x);
  }

  /** Returns the p-norm over {@code axes} (all when empty). */
  public static Node norm(Node x, float p, int... axes) {
    if (Float.isNaN(p)) {
      throw new IllegalArgumentException("norm: p is NaN, must be a number");
    }
    Node size = Node.of(Pointwise.ABS, x);
    if (p == 2) {
      return root(Reduce.sum(Node.of(Pointwise.SQUARE, x), false, axes));
    } else if (p == 1) {
      return Reduce.sum(size, false, axes);
    } else if (p == Float.POSITIVE_INFINITY) {
      return Reduce.max(size, false, axes);
    } else if (p == Float.NEGATIVE_INFINITY) {
      return Pointwise.mul(Reduce.max(Pointwise.mul(size, -1), false, axes), -1);
    } else if (p == 0) {
      Node counted = Node.of(Pointwise.NOT_EQUAL, x, Pointwise.constant(0));
      return Reduce.sum(counted, false, axes);
    }
    return Pointwise.pow(Reduce.sum(Pointwise.pow(size, p), false, axes), 1.0 / p);
  }

  /** Returns log Σ eˣ over {@code axes} (all when empty). */
  public static Node logSumExp(Node x, int... axes) {
    Node max = Node.of(new StopGradient(), Reduce.max(x, true, axes));
    // infinite ones are left: ∞ - ∞ is no number
    Node finite =
        Node.of(
            Pointwise.MASKED_FILL,
            max,
            Node.of(
                Pointwise.EQUAL,
                Node.of(Pointwise.ABS, max),
                Pointwise.constant(Float.POSITIVE_INFINITY)),
            Pointwise.constant(0));
    Node sum = Reduce.sum(Node.of(Pointwise.EXP, Pointwise.sub(x, finite)), true, axes);
    Node kept = Pointwise.add(Node.of(Pointwise.LOG, sum), finite);
    Shape reduced = Reduce.without(x.shape(), axes);
    return Reshape.of(kept, reduced);
  }
}
