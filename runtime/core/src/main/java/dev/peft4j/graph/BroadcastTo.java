package dev.peft4j.graph;

import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import org.jspecify.annotations.Nullable;

/**
 * Repetition of an input along dimensions of size 1 (or missing ones in front) to fill {@code
 * target}.
 */
public record BroadcastTo(Shape target) implements Op {
  private static final Elementwise ZERO = new Elementwise("constant", 0, Scalar.of(0));

  /** Returns {@code x} repeated to the shape {@code target}. */
  public static Node of(Node x, Shape target) {
    return x.shape().equals(target) ? x : Node.of(new BroadcastTo(target), x);
  }

  /** Returns zeros, which are not stored if something is computed from them. */
  public static Node zeros(Shape shape) {
    return of(Node.of(ZERO), shape);
  }

  @Override
  public Shape shape(Node[] inputs) {
    if (!Shape.broadcast("broadcastTo", inputs[0].shape(), target).equals(target)) {
      throw new ShapeException(
          "broadcastTo: shape " + inputs[0].shape() + " does not broadcast to " + target);
    }
    return target;
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    return new @Nullable Node[] {SumTo.of(dOut, out.input(0).shape())};
  }

  @Override
  public @Nullable Node simplify(Node[] inputs) {
    return inputs[0].shape().equals(target) ? inputs[0] : null;
  }
}
