package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/**
 * A sum of rows into a table of zeros at integer ids: the adjoint of {@link Gather}. Inputs values
 * (…, n), ids (…).
 */
public record ScatterAdd(int rows) implements Op {
  @Override
  public Shape shape(Node[] inputs) {
    return Shape.of(rows, inputs[0].shape().dim(-1));
  }

  @Override
  public DType dtype(Node[] inputs) {
    return DType.FLOAT32;
  }

  @Override
  public @Nullable Node simplify(Node[] inputs) {
    return inputs[1].shape().elements() == 0 ? BroadcastTo.zeros(shape(inputs)) : null;
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    return new @Nullable Node[] {Gather.of(dOut, out.input(1)), null};
  }
}
