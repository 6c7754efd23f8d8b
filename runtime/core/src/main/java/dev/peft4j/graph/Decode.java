package dev.peft4j.graph;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import org.jspecify.annotations.Nullable;

/**
 * Numbers of any {@link dev.peft4j.data.Encoding} as float32: what a weight in codes is as a
 * tensor. The only op that takes codes; kernels that read them themselves get them in place of its
 * result ({@link Support#reads}). Integers are exact up to 2²⁴.
 */
public record Decode() implements Op {
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
    return inputs[0].encoding().isPlain() ? new int[] {axis} : null; // no part of codes is taken
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    return new @Nullable Node[] {dOut};
  }

  @Override
  public @Nullable Node simplify(Node[] inputs) {
    Node x = inputs[0];
    return x.dtype() == DType.FLOAT32 && x.encoding().isPlain() ? x : null;
  }
}
