package dev.peft4j.tensor;

import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.graph.Node;
import dev.peft4j.op.Moves;
import dev.peft4j.op.Permute;
import dev.peft4j.op.Reshape;
import dev.peft4j.op.Slice;
import java.util.ArrayList;
import java.util.List;

/** The operations of a {@link Tensor} that only move elements. */
public sealed interface ShapeOps permits Tensor {
  /** Returns the graph node that computes this tensor. */
  Node node();

  /** Returns the same elements in another shape; one size may be -1. */
  default Tensor reshape(int... shape) {
    return Tensor.of(Reshape.of(node(), shape));
  }

  /** Exchanges two dimensions. */
  default Tensor transpose(int a, int b) {
    return Tensor.of(Permute.transpose(node(), a, b));
  }

  /** Reorders the dimensions: dimension i of the result is dimension {@code order[i]} of this. */
  default Tensor permute(int... order) {
    Integer[] axes = new Integer[order.length];
    for (int i = 0; i < axes.length; i++) {
      axes[i] = order[i] < 0 ? order[i] + order.length : order[i];
    }
    return Tensor.of(Permute.of(node(), List.of(axes)));
  }

  /** Returns the slice from {@code from} (inclusive) to {@code to} (exclusive) along an axis. */
  default Tensor slice(int axis, int from, int to) {
    return Tensor.of(Slice.of(node(), axis, from, to));
  }

  /** Returns this without its dimensions of size 1. */
  default Tensor squeeze() {
    return Tensor.of(Reshape.of(node(), Moves.squeezed(node().shape())));
  }

  /** Returns this without {@code axis} if its size is 1, else this. */
  default Tensor squeeze(int axis) {
    Shape s = node().shape();
    int a = s.axis("squeeze", axis);
    return s.dim(a) == 1 ? Tensor.of(Reshape.of(node(), Moves.removed(s, a))) : Tensor.self(this);
  }

  /** Returns this with a dimension of size 1 before {@code axis}; -1 adds it after all others. */
  default Tensor unsqueeze(int axis) {
    return Tensor.of(Reshape.of(node(), Moves.inserted(node().shape(), axis)));
  }

  /**
   * Returns this repeated along dimensions of size 1, and along new ones in front, to {@code
   * shape}: torch's {@code expand}. -1 leaves a size as it is.
   */
  default Tensor expand(int... shape) {
    return Tensor.of(BroadcastTo.of(node(), Moves.expanded(node().shape(), shape)));
  }

  /** Returns {@code times[i]} copies of this along dimension i: torch's {@code repeat}. */
  default Tensor repeat(int... times) {
    return Tensor.of(Moves.repeat(node(), times));
  }

  /** Returns this with the elements along {@code axes} in reverse order. */
  default Tensor flip(int... axes) {
    return Tensor.of(Moves.flip(node(), axes));
  }

  /**
   * Returns this with the elements moved by {@code shift} along an axis; those shifted past the end
   * come first.
   */
  default Tensor roll(int shift, int axis) {
    return Tensor.of(Moves.roll(node(), shift, axis));
  }

  /** Returns parts of {@code size} along an axis, the last of which may be smaller. */
  default List<Tensor> split(int size, int axis) {
    int a = node().shape().axis("split", axis);
    int n = node().shape().dim(a);
    if (size < 1) {
      throw new ShapeException("split: parts of " + size + ", must be at least 1");
    }
    List<Tensor> parts = new ArrayList<>();
    for (int at = 0; at < n || parts.isEmpty(); at += size) {
      parts.add(slice(a, at, Math.min(n, at + size)));
    }
    return parts;
  }

  /**
   * Returns parts of the given sizes along an axis.
   *
   * @throws ShapeException if they do not add up to the size of the axis
   */
  default List<Tensor> split(int[] sizes, int axis) {
    int a = node().shape().axis("split", axis);
    List<Tensor> parts = new ArrayList<>();
    int at = 0;
    for (int size : sizes) {
      parts.add(slice(a, at, at + size));
      at += size;
    }
    if (at != node().shape().dim(a)) {
      throw new ShapeException(
          "split: sizes that add up to " + at + " of dimension " + a + " of " + node().shape());
    }
    return parts;
  }

  /** Returns at most {@code count} parts of equal size along an axis: torch's {@code chunk}. */
  default List<Tensor> chunk(int count, int axis) {
    if (count < 1) {
      throw new ShapeException("chunk: " + count + " parts, must be at least 1");
    }
    int n = node().shape().dim(node().shape().axis("chunk", axis));
    return split(Math.max(1, (n + count - 1) / count), axis);
  }

  /** Returns the lower triangle of matrices (…, rows, columns), 0 above {@code diagonal}. */
  default Tensor tril(int diagonal) {
    return Tensor.of(Moves.triangle(node(), diagonal, true));
  }

  /** Returns the upper triangle of matrices (…, rows, columns), 0 below {@code diagonal}. */
  default Tensor triu(int diagonal) {
    return Tensor.of(Moves.triangle(node(), diagonal, false));
  }
}
