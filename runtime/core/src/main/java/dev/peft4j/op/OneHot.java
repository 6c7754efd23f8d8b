package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/**
 * One-hot encoding: for each integer label a row of {@code classes} zeros with a one at the label;
 * all zeros where the label is {@code ignoreIndex}. Other labels outside the range are an error
 * when the result is computed.
 */
public record OneHot(int classes, int ignoreIndex) implements Op {
  @Override
  public Shape shape(Node[] inputs) {
    int[] d = java.util.Arrays.copyOf(inputs[0].shape().toArray(), inputs[0].shape().rank() + 1);
    d[d.length - 1] = classes;
    return Shape.of(d);
  }

  @Override
  public DType dtype(Node[] inputs) {
    return DType.FLOAT32;
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    return Op.noGradient(out);
  }
}
