package dev.peft4j.graph;

import dev.peft4j.data.Shape;
import org.jspecify.annotations.Nullable;

/** The ops of nodes that are not computed but hold data. */
public enum Leaf implements Op {
  /** Data from the caller. */
  DATA,
  /** The current value of a {@link Variable}. */
  VARIABLE;

  @Override
  public Shape shape(Node[] inputs) {
    throw new UnsupportedOperationException("a leaf is given its shape");
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    return Op.noGradient(out);
  }
}
