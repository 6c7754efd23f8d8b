package dev.peft4j.graph;

import dev.peft4j.data.DType;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Shape;
import org.jspecify.annotations.Nullable;

/**
 * The input number {@code index} of a program under construction.
 *
 * @param frozen true if its data is a variable that is not trained
 */
record Placeholder(int index, Shape placed, Encoding encoding, boolean frozen) implements Op {
  @Override
  public Shape shape(Node[] inputs) {
    return placed;
  }

  @Override
  public DType dtype(Node[] inputs) {
    return encoding.dtype();
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    return Op.noGradient(out);
  }
}
