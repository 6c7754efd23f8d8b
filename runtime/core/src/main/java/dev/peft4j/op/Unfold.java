package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/**
 * The patches of an image as columns (im2col, torch's {@code F.unfold}): (batch, channels, h, w) to
 * (batch, channels · kernel, positions). With it a convolution is a matrix product.
 */
public record Unfold(Window window) implements Op {
  /**
   * Returns a convolution (cross-correlation, torch's {@code F.conv2d} with one group).
   *
   * @param x (batch, channels, h, w)
   * @param weight (out, channels, kernelH, kernelW)
   * @param bias (out) or null
   */
  public static Node conv2d(Node x, Node weight, @Nullable Node bias, Window window) {
    Shape s = x.shape();
    Shape w = weight.shape();
    if (s.rank() != 4 || w.rank() != 4 || w.dim(1) != s.dim(1)) {
      throw new ShapeException(
          "conv2d: input of shape "
              + s
              + " and weight of shape "
              + w
              + ": needed (batch, channels, h, w) and (out, channels, kernelH, kernelW)");
    }
    int out = w.dim(0);
    if (w.dim(2) != window.kernelH() || w.dim(3) != window.kernelW()) {
      throw new ShapeException(
          "conv2d: weight of shape "
              + w
              + " and a window of "
              + window.kernelH()
              + " x "
              + window.kernelW()
              + ": the weight's last two sizes must be the window's");
    }
    if (bias != null && !bias.shape().equals(Shape.of(out))) {
      throw new ShapeException(
          "conv2d: bias of shape "
              + bias.shape()
              + " and weight of shape "
              + w
              + ": the bias must be ("
              + out
              + ",)");
    }
    Node y =
        MatMul.of(
            Reshape.of(weight, out, w.product(1, 4)), false, Node.of(new Unfold(window), x), false);
    y = Reshape.of(y, s.dim(0), out, window.outH(s.dim(2)), window.outW(s.dim(3)));
    return bias == null ? y : Pointwise.add(y, Reshape.of(bias, out, 1, 1));
  }

  @Override
  public Shape shape(Node[] inputs) {
    return window.unfolded(inputs[0].shape());
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    return new @Nullable Node[] {Node.of(new Fold(window, out.input(0).shape()), dOut)};
  }

  /** Returns a reshape for a 1 × 1 window with stride 1, which sees the image itself. */
  @Override
  public @Nullable Node simplify(Node[] inputs) {
    Shape s = inputs[0].shape();
    return window.equals(Window.square(1, 1, 0))
        ? Reshape.of(inputs[0], s.dim(0), s.dim(1), s.product(2, 4))
        : null;
  }
}
