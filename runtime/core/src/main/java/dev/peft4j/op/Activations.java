package dev.peft4j.op;

import static dev.peft4j.graph.Scalar.input;
import static dev.peft4j.graph.Scalar.of;

import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Scalar;
import dev.peft4j.graph.Scalar.Binary;
import dev.peft4j.graph.Scalar.Fn1;
import dev.peft4j.graph.Scalar.Fn2;

/** Element-wise functions with a parameter, or piecewise; each is one expression. */
public final class Activations {
  /** -1, 0 or 1. */
  public static final Elementwise SIGN = new Elementwise("sign", 1, input(0).fn(Fn1.SIGN));

  /** √x, with gradient 0 at 0: the length of a zero vector. */
  public static final Elementwise LENGTH =
      new Elementwise(
          "length", 1, Scalar.select(equal(input(0), of(0)), of(0), input(0).fn(Fn1.SQRT)));

  private Activations() {}

  /** Returns x within {@code min} … {@code max}, else the limit, which has gradient 0. */
  public static Elementwise clamp(float min, float max) {
    Scalar x = input(0);
    Scalar above = Scalar.select(greater(x, of(max)), of(max), x);
    return new Elementwise("clamp", 1, Scalar.select(greater(of(min), x), of(min), above));
  }

  /** Returns x where x &ge; 0, else {@code slope} · x. */
  public static Elementwise leakyRelu(float slope) {
    Scalar x = input(0);
    return new Elementwise(
        "leakyRelu", 1, Scalar.select(new Binary(Fn2.GT, x, of(0)), x, x.mul(slope)));
  }

  /** Returns ½d²/β where |d| &lt; β, else |d| - β/2, with d = a - b (Girshick 2015). */
  public static Elementwise smoothL1(float beta) {
    Scalar d = input(0).sub(input(1));
    Scalar far = d.fn(Fn1.ABS).sub(of(0.5 * beta));
    return new Elementwise(
        "smoothL1",
        2,
        Scalar.select(greater(of(beta), d.fn(Fn1.ABS)), d.mul(d).mul(0.5 / beta), far));
  }

  private static Scalar greater(Scalar a, Scalar b) {
    return new Binary(Fn2.GT, a, b);
  }

  private static Scalar equal(Scalar a, Scalar b) {
    return new Binary(Fn2.EQ, a, b);
  }
}
