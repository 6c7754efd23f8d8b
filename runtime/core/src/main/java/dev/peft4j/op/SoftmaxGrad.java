package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/** The gradient of {@link Softmax} from its result y and dY: y ∘ (dY - Σ y ∘ dY). */
public record SoftmaxGrad() implements Op {
  @Override
  public Shape shape(Node[] inputs) {
    return inputs[0].shape();
  }

  @Override
  public int @Nullable [] partAxes(Node[] inputs, Shape out, int axis) {
    return axis == out.rank() - 1 ? null : new int[] {axis, axis};
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    throw new UnsupportedOperationException("second derivatives of softmax");
  }

  @Override
  public Node decompose(Node[] inputs) {
    Node y = inputs[0];
    Node dy = inputs[1];
    return Pointwise.mul(y, Pointwise.sub(dy, Reduce.sum(Pointwise.mul(y, dy), true, -1)));
  }

  @Override
  public boolean mayOverwrite(int i, Shape input, Shape output) {
    return true;
  }
}
