package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.SumTo;
import org.jspecify.annotations.Nullable;

/**
 * The root mean square normalisation over the innermost dimension (Zhang and Sennrich 2019): x /
 * √(mean(x²) + eps) · weight. Inputs x (…, n), weight (n).
 */
public record RmsNorm(float eps) implements Op {
  /** Returns the normalised {@code x}. */
  public static Node of(Node x, Node weight, float eps) {
    return Node.of(new RmsNorm(eps), x, weight);
  }

  @Override
  public Shape shape(Node[] inputs) {
    return LayerNorm.checked("rmsNorm", inputs, 1);
  }

  @Override
  public int @Nullable [] partAxes(Node[] inputs, Shape out, int axis) {
    return axis == out.rank() - 1 ? null : new int[] {axis, -1};
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    Node x = out.input(0);
    Node w = out.input(1);
    return new @Nullable Node[] {
      x.requiresGrad() ? Node.of(new RmsNormGrad(eps), x, w, dOut) : null,
      w.requiresGrad()
          ? SumTo.of(
              Pointwise.mul(dOut, Pointwise.mul(x, LayerNorm.inverseDeviation(x, eps))), w.shape())
          : null
    };
  }

  @Override
  public Node decompose(Node[] inputs) {
    Node x = inputs[0];
    return Pointwise.mul(Pointwise.mul(x, LayerNorm.inverseDeviation(x, eps)), inputs[1]);
  }

  @Override
  public boolean isCheap() {
    return true;
  }

  @Override
  public boolean mayOverwrite(int i, Shape input, Shape output) {
    return i == 0;
  }
}
