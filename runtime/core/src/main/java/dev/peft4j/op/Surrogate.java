package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/**
 * The value of one tensor with the gradient of another one of its shape, which is not computed
 * itself: a straight-through estimate, or a gradient that is projected. Inputs value, other.
 */
public record Surrogate() implements Op {
  @Override
  public Shape shape(Node[] inputs) {
    if (!inputs[0].shape().equals(inputs[1].shape())) {
      throw new ShapeException(
          "withGradientOf: value of shape "
              + inputs[0].shape()
              + " and other of shape "
              + inputs[1].shape()
              + ": they must be equal");
    }
    return inputs[0].shape();
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    return new @Nullable Node[] {null, out.input(1).requiresGrad() ? dOut : null};
  }

  /** Returns the value: a program contains its gradients already. */
  @Override
  public Node simplify(Node[] inputs) {
    return inputs[0];
  }

  @Override
  public Node decompose(Node[] inputs) {
    return inputs[0];
  }
}
