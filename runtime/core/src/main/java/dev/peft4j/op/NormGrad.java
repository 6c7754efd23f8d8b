package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/**
 * The gradient of a normalisation of rows for its input. Inputs x, weight, dY; with x̂ the
 * normalised input, r its factor and g = dY · weight: (g - x̂ · mean(g · x̂)) · r, where g is
 * centred if x is.
 */
sealed interface NormGrad extends Op permits LayerNormGrad, RmsNormGrad {
  /** Returns the number that is added to the mean of the squares. */
  float eps();

  /** Returns whether the mean is subtracted from the row before it is normalised. */
  boolean centred();

  @Override
  default Shape shape(Node[] inputs) {
    return inputs[0].shape();
  }

  @Override
  default int @Nullable [] partAxes(Node[] inputs, Shape out, int axis) {
    return axis == out.rank() - 1 ? null : new int[] {axis, -1, axis};
  }

  /** Rows without a gradient stay without one. */
  @Override
  default @Nullable Node simplify(Node[] inputs) {
    if (inputs[2].op() instanceof Pad p && p.axis() < inputs[0].shape().rank() - 1) {
      Node x = p.unpadded(inputs[0], p.axis());
      return Node.of(p, Node.of(this, x, inputs[1], inputs[2].input(0)));
    }
    return null;
  }

  @Override
  default Node decompose(Node[] inputs) {
    Node x = centred() ? centred(inputs[0]) : inputs[0];
    Node inverse = LayerNorm.inverseDeviation(x, eps());
    Node hat = Pointwise.mul(x, inverse);
    Node g = Pointwise.mul(inputs[2], inputs[1]);
    Node along = Pointwise.mul(hat, Reduce.mean(Pointwise.mul(g, hat), true, -1));
    return Pointwise.mul(Pointwise.sub(centred() ? centred(g) : g, along), inverse);
  }

  private static Node centred(Node x) {
    return Pointwise.sub(x, Reduce.mean(x, true, -1));
  }

  @Override
  default boolean mayOverwrite(int i, Shape input, Shape output) {
    return i != 1;
  }
}
