package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.Scalar;
import dev.peft4j.graph.SumTo;
import org.jspecify.annotations.Nullable;

/**
 * Layer normalisation over the innermost dimension (Ba, Kiros and Hinton 2016): (x - mean) /
 * √(variance + eps) · weight + bias, with the biased variance. Inputs x (…, n), weight (n), bias
 * (n).
 */
public record LayerNorm(float eps) implements Op {
  /** 1 / √x of finite numbers, NaN of infinity (x - x is 0 or NaN). */
  private static final Elementwise INVERSE_ROOT =
      new Elementwise(
          "inverseRoot", 1, Pointwise.RSQRT.expression().add(Scalar.input(0).sub(Scalar.input(0))));

  /** Returns the normalised {@code x}. */
  public static Node of(Node x, Node weight, Node bias, float eps) {
    return Node.of(new LayerNorm(eps), x, weight, bias);
  }

  @Override
  public Shape shape(Node[] inputs) {
    return checked("layerNorm", inputs, 1, 2);
  }

  static Shape checked(String name, Node[] inputs, int... weights) {
    Shape x = Softmax.rowWise(name, inputs);
    for (int i : weights) {
      if (!inputs[i].shape().equals(Shape.of(x.dim(-1)))) {
        throw new ShapeException(
            name
                + ": input of shape "
                + x
                + " needs weights of shape ("
                + x.dim(-1)
                + ",), found "
                + inputs[i].shape());
      }
    }
    return x;
  }

  @Override
  public int @Nullable [] partAxes(Node[] inputs, Shape out, int axis) {
    return axis == out.rank() - 1 ? null : new int[] {axis, -1, -1};
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    Node x = out.input(0);
    Node w = out.input(1);
    Node b = out.input(2);
    return new @Nullable Node[] {
      x.requiresGrad() ? Node.of(new LayerNormGrad(eps), x, w, dOut) : null,
      w.requiresGrad() ? SumTo.of(Pointwise.mul(dOut, normalised(x, eps)), w.shape()) : null,
      b.requiresGrad() ? SumTo.of(dOut, b.shape()) : null
    };
  }

  static Node normalised(Node x, float eps) {
    Node centred = Pointwise.sub(x, Reduce.mean(x, true, -1));
    return Pointwise.mul(centred, inverseDeviation(centred, eps));
  }

  /**
   * Returns the inverse deviation, NaN where the squares are too large for a float32, as in torch:
   * 0 would look like a valid result.
   */
  static Node inverseDeviation(Node centred, float eps) {
    Node variance = Reduce.mean(Node.of(Pointwise.SQUARE, centred), true, -1);
    return Node.of(INVERSE_ROOT, Pointwise.add(variance, eps));
  }

  @Override
  public Node decompose(Node[] inputs) {
    return Pointwise.add(Pointwise.mul(normalised(inputs[0], eps), inputs[1]), inputs[2]);
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
