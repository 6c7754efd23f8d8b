package dev.peft4j.optim;

import static dev.peft4j.graph.Scalar.input;
import static dev.peft4j.graph.Scalar.of;

import dev.peft4j.graph.BackwardPass;
import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Scalar.Fn1;
import dev.peft4j.graph.Scalar.Fn2;
import dev.peft4j.graph.Variable;
import dev.peft4j.nn.Parameter;
import dev.peft4j.op.Pointwise;
import dev.peft4j.op.Reduce;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Clipping of gradients before a step. */
public final class GradientClip {
  private GradientClip() {}

  /**
   * Scales all gradients together so that their common Euclidean norm is at most {@code maxNorm}:
   * torch's {@code clip_grad_norm_}, factor min(1, maxNorm / (norm + 1e-6)). Nothing is computed
   * before the step.
   *
   * @return the norm before clipping
   * @throws IllegalStateException if no parameter has a gradient
   */
  public static Tensor byNorm(List<Parameter> parameters, float maxNorm) {
    if (!(maxNorm > 0)) {
      throw new IllegalArgumentException(
          "GradientClip: the largest norm is " + maxNorm + ", must be positive");
    }
    Node squares = null;
    List<BackwardPass> passes = new ArrayList<>();
    for (Parameter p : parameters) {
      Node g = p.variable().gradient();
      if (g != null) {
        Node s = Reduce.sum(Node.of(Pointwise.SQUARE, g), false);
        squares = squares == null ? s : Pointwise.add(squares, s);
        passes.addAll(p.variable().passes());
      }
    }
    if (squares == null) {
      throw new IllegalStateException(
          "GradientClip: no parameter has a gradient; call backward() first");
    }
    Node norm = Node.of(Pointwise.SQRT, squares);
    norm.retain();
    if (!passes.isEmpty()) {
      passes.getLast().accompany(norm);
    }
    Elementwise factor =
        new Elementwise(
            "clip", 1, input(0).add(1e-6).fn(Fn1.RECIP).mul(maxNorm).binary(Fn2.MIN, of(1)));
    Node scale = Node.of(factor, norm);
    for (Parameter p : parameters) {
      Variable v = p.variable();
      Node g = v.gradient();
      if (g != null) {
        v.replaceGradient(Pointwise.mul(g, scale));
      }
    }
    return Tensor.of(norm);
  }
}
