package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.SumTo;
import org.jspecify.annotations.Nullable;

/**
 * The largest element over the dimensions where {@code target} has size 1; equal ones share the
 * gradient.
 */
public record MaxTo(Shape target) implements Op {
  @Override
  public Shape shape(Node[] inputs) {
    Shape.broadcast("max", inputs[0].shape(), target);
    return target;
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    Node mask = Node.of(Pointwise.EQUAL, out.input(0), out);
    Node share = Node.of(Pointwise.DIV, dOut, SumTo.of(mask, target));
    return new @Nullable Node[] {Pointwise.mul(mask, BroadcastTo.of(share, mask.shape()))};
  }
}
