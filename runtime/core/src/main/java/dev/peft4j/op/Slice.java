package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.TakesPart;
import org.jspecify.annotations.Nullable;

/**
 * The slice from {@code from} (inclusive) to {@code to} (exclusive) along dimension {@code axis}.
 */
public record Slice(int axis, int from, int to) implements Op, TakesPart {
  /** Returns a slice of {@code x} along an axis; a negative axis counts from the end. */
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
    Node x = inputs[0];
    if (from == 0 && to == x.shape().dim(axis)) {
      return x;
    }
    if (x.op() instanceof Pad p
        && p.axis() == axis
        && from == p.before()
        && to == from + x.input(0).shape().dim(axis)) {
      return x.input(0);
    }
    return x.op() instanceof Concat c && c.axis() == axis ? ofConcat(x) : null;
  }

  /** Returns the slice of one of the concatenated inputs, if it is within one. */
  private @Nullable Node ofConcat(Node concat) {
    int start = 0;
    for (Node in : concat.inputs()) {
      int end = start + in.shape().dim(axis);
      if (from >= start && to <= end) {
        return of(in, axis, from - start, to - start);
      }
      start = end;
    }
    return null;
  }

  @Override
  public Op along(int other) {
    return new Slice(other, from, to);
  }

  @Override
  public long viewOffset(Shape input, Shape output) {
    return input.product(0, axis) == 1 ? (long) from * input.product(axis + 1, input.rank()) : -1;
  }
}
