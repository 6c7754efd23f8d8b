package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.Padding;
import org.jspecify.annotations.Nullable;

/** Padding with {@code before} and {@code after} zeros along a dimension. */
public record Pad(int axis, int before, int after) implements Op, Padding {
  @Override
  public Node padded(Node x) {
    return Node.of(this, x);
  }

  @Override
  public Node unpadded(Node x, int ofAxis) {
    return ofAxis < 0 ? x : Slice.of(x, ofAxis, before, x.shape().dim(ofAxis) - after);
  }

  @Override
  public Shape shape(Node[] inputs) {
    Shape s = inputs[0].shape();
    return s.with(axis, s.dim(axis) + before + after);
  }

  @Override
  public @Nullable Node simplify(Node[] inputs) {
    return inputs[0].shape().elements() == 0 ? BroadcastTo.zeros(shape(inputs)) : null;
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    return new @Nullable Node[] {Slice.of(dOut, axis, before, dOut.shape().dim(axis) - after)};
  }
}
