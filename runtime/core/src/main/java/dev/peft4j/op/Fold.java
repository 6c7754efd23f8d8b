package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/** The sum of patches back into an image of shape {@code image}: the adjoint of {@link Unfold}. */
public record Fold(Window window, Shape image) implements Op {
  @Override
  public Shape shape(Node[] inputs) {
    return image;
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    return new @Nullable Node[] {Node.of(new Unfold(window), dOut)};
  }

  @Override
  public @Nullable Node simplify(Node[] inputs) {
    return window.equals(Window.square(1, 1, 0)) ? Reshape.of(inputs[0], image) : null;
  }
}
