package dev.peft4j.graph;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import org.jspecify.annotations.Nullable;

/** Input number {@code index} of a program under construction. */
record Placeholder(int index, Shape placed, DType type) implements Op {
  @Override
  public Shape shape(Node[] inputs) {
    return placed;
  }

  @Override
  public DType dtype(Node[] inputs) {
    return type;
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    return Op.noGradient(out);
  }
}
