package dev.peft4j.op;

import static dev.peft4j.graph.Scalar.input;
import static dev.peft4j.graph.Scalar.of;

import dev.peft4j.data.Shape;
import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.Scalar;
import dev.peft4j.graph.Scalar.Binary;
import dev.peft4j.graph.Scalar.Fn1;
import dev.peft4j.graph.Scalar.Fn2;
import org.jspecify.annotations.Nullable;

/**
 * log(1 + eˣ) = max(x, 0) + log(1 + e^-|x|). It has a gradient of its own, sigmoid(x), since the
 * derivative of the expression would lose its digits.
 */
public record Softplus() implements Op {
  // log(1 + y) = log(u) · y / (u - 1) with u = 1 + y as it is rounded (Goldberg 1991, theorem 4)
  private static final Scalar Y = input(0).fn(Fn1.ABS).neg().fn(Fn1.EXP);
  private static final Scalar U = Y.add(1);
  private static final Scalar LOG1P =
      Scalar.select(new Binary(Fn2.EQ, U, of(1)), Y, U.fn(Fn1.LOG).mul(Y).div(U.sub(of(1))));
  private static final Elementwise FORWARD =
      new Elementwise(
          "softplus",
          1,
          Scalar.select(new Binary(Fn2.GT, input(0), of(0)), input(0), of(0)).add(LOG1P));

  @Override
  public Shape shape(Node[] inputs) {
    return inputs[0].shape();
  }

  @Override
  public int @Nullable [] partAxes(Node[] inputs, Shape out, int axis) {
    return new int[] {axis};
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    return new @Nullable Node[] {Pointwise.mul(dOut, Node.of(Pointwise.SIGMOID, out.input(0)))};
  }

  @Override
  public Node decompose(Node[] inputs) {
    return Node.of(FORWARD, inputs);
  }
}
