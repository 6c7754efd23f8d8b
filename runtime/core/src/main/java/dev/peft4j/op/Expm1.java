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
 * eˣ - 1, precise near 0. It has a gradient of its own, eˣ, since the derivative of the expression
 * would lose its digits.
 */
public record Expm1() implements Op {
  // (u - 1) · x / log(u) with u = eˣ as it is rounded (Kahan; Higham 2002, section 1.14.1)
  private static final Scalar U = input(0).fn(Fn1.EXP);
  private static final Scalar NEAR = U.sub(of(1)).mul(input(0)).div(U.fn(Fn1.LOG));
  private static final Elementwise FORWARD =
      new Elementwise(
          "expm1",
          1,
          Scalar.select(
              new Binary(Fn2.GT, input(0).fn(Fn1.ABS), of(1)),
              U.sub(of(1)),
              Scalar.select(new Binary(Fn2.EQ, U, of(1)), input(0), NEAR)));

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
    return new @Nullable Node[] {Pointwise.mul(dOut, Node.of(Pointwise.EXP, out.input(0)))};
  }

  @Override
  public Node decompose(Node[] inputs) {
    return Node.of(FORWARD, inputs);
  }
}
