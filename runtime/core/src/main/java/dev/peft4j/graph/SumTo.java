package dev.peft4j.graph;

import dev.peft4j.data.Shape;
import org.jspecify.annotations.Nullable;

/**
 * Sum over the dimensions that were broadcast, so that the result has {@code target}'s shape: the
 * adjoint of broadcasting. It is in this package because the gradients of {@link Elementwise} need
 * it.
 */
public record SumTo(Shape target) implements Op {
  /**
   * Returns {@code x} summed to the shape {@code target}, or {@code x} itself if it has that shape.
   */
  public static Node of(Node x, Shape target) {
    return x.shape().equals(target) ? x : Node.of(new SumTo(target), x);
  }

  @Override
  public Shape shape(Node[] inputs) {
    Shape.broadcast("sumTo", inputs[0].shape(), target);
    return target;
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    return new @Nullable Node[] {Node.of(new BroadcastTo(out.input(0).shape()), dOut)};
  }

  @Override
  public @Nullable Node simplify(Node[] inputs) {
    Shape s = inputs[0].shape();
    return s.equals(target) ? inputs[0] : s.elements() == 0 ? BroadcastTo.zeros(target) : null;
  }
}
