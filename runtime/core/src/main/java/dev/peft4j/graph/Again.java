package dev.peft4j.graph;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import org.jspecify.annotations.Nullable;

/**
 * The same value under another name: what is computed from it is computed again, though the same
 * was computed from the value itself. No memory is copied. A backend without it computes once and
 * keeps the results.
 */
public record Again() implements Op {
  @Override
  public Shape shape(Node[] inputs) {
    return inputs[0].shape();
  }

  @Override
  public DType dtype(Node[] inputs) {
    return inputs[0].dtype();
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    return new @Nullable Node[] {dOut};
  }

  @Override
  public Node decompose(Node[] inputs) {
    return inputs[0];
  }

  @Override
  public int @Nullable [] partAxes(Node[] inputs, Shape out, int axis) {
    return new int[] {axis};
  }

  @Override
  public long viewOffset(Shape input, Shape output) {
    return 0;
  }

  @Override
  public long flops(Shape[] inputs, Shape output) {
    return 0;
  }
}
