package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/** Integers or 16-bit numbers as float32; integers are exact up to 2²⁴, 16-bit numbers always. */
public record ToFloat() implements Op {
  @Override
  public Shape shape(Node[] inputs) {
    return inputs[0].shape();
  }

  @Override
  public DType dtype(Node[] inputs) {
    return DType.FLOAT32;
  }

  @Override
  public int @Nullable [] partAxes(Node[] inputs, Shape out, int axis) {
    return new int[] {axis};
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    return new @Nullable Node[] {dOut};
  }

  @Override
  public @Nullable Node simplify(Node[] inputs) {
    return inputs[0].dtype() == DType.FLOAT32 ? inputs[0] : null;
  }

  @Override
  public boolean takesHalf() {
    return true;
  }
}
