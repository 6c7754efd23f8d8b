package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.SumTo;
import org.jspecify.annotations.Nullable;

/**
 * The gradient of {@link CrossEntropy} for the logits: (softmax - one-hot) / rows that count · dL,
 * which is 0 if no row counts. Inputs logits, labels, dL.
 */
public record CrossEntropyGrad(int ignoreIndex) implements Op {
  @Override
  public Shape shape(Node[] inputs) {
    return inputs[0].shape();
  }

  @Override
  public DType dtype(Node[] inputs) {
    return DType.FLOAT32;
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    throw new UnsupportedOperationException("second derivatives of crossEntropy");
  }

  @Override
  public Node decompose(Node[] inputs) {
    Node hot = Node.of(new OneHot(inputs[0].shape().dim(1), ignoreIndex), inputs[1]);
    Node counts = Reduce.sum(hot, true, -1);
    Node rows = Node.of(Pointwise.MAXIMUM, SumTo.of(hot, Shape.of(1, 1)), Pointwise.constant(1));
    Node share = Node.of(Pointwise.DIV, Reshape.of(inputs[2], 1, 1), rows);
    Node p = Node.of(CrossEntropy.PICK, Node.of(new Softmax(), inputs[0]), counts);
    return Pointwise.mul(Pointwise.sub(p, hot), share);
  }

  @Override
  public boolean mayOverwrite(int i, Shape input, Shape output) {
    return i == 0;
  }
}
