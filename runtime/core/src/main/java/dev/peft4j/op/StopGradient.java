package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/**
 * The same value, computed again each time, which differentiation treats as a constant: torch's
 * {@code detach}.
 */
public record StopGradient() implements Op {
  @Override
  public Shape shape(Node[] inputs) {
    return inputs[0].shape();
  }

  @Override
  public DType dtype(Node[] inputs) {
    return inputs[0].dtype();
  }

  @Override
  public boolean differentiable() {
    return false;
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    return Op.noGradient(out);
  }

  /** Returns the input: a program contains its gradients already. */
  @Override
  public Node simplify(Node[] inputs) {
    return inputs[0];
  }
}
