package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/**
 * The gradient of {@link RmsNorm} for its input. Inputs x, weight, dY; with x̂ = x / √(mean(x²) +
 * eps) and g = dY · weight: (g - x̂ · mean(g · x̂)) / √(mean(x²) + eps).
 */
public record RmsNormGrad(float eps) implements Op {
  @Override
  public Shape shape(Node[] inputs) {
    return inputs[0].shape();
  }

  @Override
  public int @Nullable [] partAxes(Node[] inputs, Shape out, int axis) {
    return axis == out.rank() - 1 ? null : new int[] {axis, -1, axis};
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    throw new UnsupportedOperationException("second derivatives of rmsNorm");
  }

  /** Drops rows without a gradient. */
  @Override
  public @Nullable Node simplify(Node[] inputs) {
    if (inputs[2].op() instanceof Pad p && p.axis() < inputs[0].shape().rank() - 1) {
      Node x = p.unpadded(inputs[0], p.axis());
      return Node.of(p, Node.of(this, x, inputs[1], inputs[2].input(0)));
    }
    return null;
  }

  @Override
  public Node decompose(Node[] inputs) {
    Node inverse = LayerNorm.inverseDeviation(inputs[0], eps);
    Node hat = Pointwise.mul(inputs[0], inverse);
    Node g = Pointwise.mul(inputs[2], inputs[1]);
    Node along = Pointwise.mul(hat, Reduce.mean(Pointwise.mul(g, hat), true, -1));
    return Pointwise.mul(Pointwise.sub(g, along), inverse);
  }

  @Override
  public boolean mayOverwrite(int i, Shape input, Shape output) {
    return i != 1;
  }
}
