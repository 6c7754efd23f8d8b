package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/** The part {@code from} (inclusive) to {@code to} (exclusive) of dimension {@code axis}. */
public record Slice(int axis, int from, int to) implements Op {
  /** Part of {@code x} along an axis; a negative axis counts from the end. */
  public static Node of(Node x, int axis, int from, int to) {
    return Node.of(new Slice(x.shape().axis("slice", axis), from, to), x);
  }

  @Override
  public Shape shape(Node[] inputs) {
    Shape s = inputs[0].shape();
    if (from < 0 || to > s.dim(axis) || from > to) {
      throw new ShapeException(
          "slice: " + from + " to " + to + " is outside dimension " + axis + " of shape " + s);
    }
    return s.with(axis, to - from);
  }

  @Override
  public DType dtype(Node[] inputs) {
    return inputs[0].dtype();
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    int size = out.input(0).shape().dim(axis);
    return new @Nullable Node[] {Node.of(new Pad(axis, from, size - to), dOut)};
  }

  @Override
  public @Nullable Node simplify(Node[] inputs) {
    return from == 0 && to == inputs[0].shape().dim(axis) ? inputs[0] : null;
  }

  @Override
  public long viewOffset(Shape input, Shape output) {
    return input.product(0, axis) == 1 ? (long) from * input.product(axis + 1, input.rank()) : -1;
  }
}
