package dev.peft4j.op;

import static dev.peft4j.graph.Scalar.input;
import static dev.peft4j.graph.Scalar.of;

import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Scalar;
import dev.peft4j.graph.Scalar.Binary;
import dev.peft4j.graph.Scalar.Fn1;
import dev.peft4j.graph.Scalar.Fn2;

/** The element-wise operations, each one expression; gradients and kernels follow from it. */
public final class Pointwise {
  /** a + b. */
  public static final Elementwise ADD = binary("add", Fn2.ADD);

  /** a - b. */
  public static final Elementwise SUB = binary("sub", Fn2.SUB);

  /** a · b. */
  public static final Elementwise MUL = binary("mul", Fn2.MUL);

  /** a / b. */
  public static final Elementwise DIV = binary("div", Fn2.DIV);

  /** The larger one; equal ones share the gradient. */
  public static final Elementwise MAXIMUM = binary("maximum", Fn2.MAX);

  /** The smaller one; equal ones share the gradient. */
  public static final Elementwise MINIMUM = binary("minimum", Fn2.MIN);

  /** -x. */
  public static final Elementwise NEG = unary("neg", Fn1.NEG);

  /** |x|. */
  public static final Elementwise ABS = unary("abs", Fn1.ABS);

  /** eˣ. */
  public static final Elementwise EXP = unary("exp", Fn1.EXP);

  /** Natural logarithm. */
  public static final Elementwise LOG = unary("log", Fn1.LOG);

  /** Square root. */
  public static final Elementwise SQRT = unary("sqrt", Fn1.SQRT);

  /** 1 / √x. */
  public static final Elementwise RSQRT =
      new Elementwise("rsqrt", 1, input(0).fn(Fn1.SQRT).fn(Fn1.RECIP));

  /** x². */
  public static final Elementwise SQUARE = new Elementwise("square", 1, input(0).mul(input(0)));

  /** Hyperbolic tangent. */
  public static final Elementwise TANH = unary("tanh", Fn1.TANH);

  /** 1 / (1 + e⁻ˣ). */
  public static final Elementwise SIGMOID = unary("sigmoid", Fn1.SIGMOID);

  /** Gauss error function. */
  public static final Elementwise ERF = unary("erf", Fn1.ERF);

  /** Sine. */
  public static final Elementwise SIN = unary("sin", Fn1.SIN);

  /** Cosine. */
  public static final Elementwise COS = unary("cos", Fn1.COS);

  /** max(x, 0), with gradient 0 at 0; NaN stays NaN. */
  public static final Elementwise RELU =
      new Elementwise(
          "relu", 1, Scalar.select(new Binary(Fn2.GE, of(0), input(0)), of(0), input(0)));

  /** x · sigmoid(x). */
  public static final Elementwise SILU =
      new Elementwise("silu", 1, input(0).mul(input(0).fn(Fn1.SIGMOID)));

  /** x · Φ(x) = x/2 · (1 + erf(x/√2)) (Hendrycks and Gimpel 2016), torch's default. */
  public static final Elementwise GELU =
      new Elementwise(
          "gelu", 1, input(0).mul(input(0).mul(Math.sqrt(0.5)).fn(Fn1.ERF).add(1).mul(0.5)));

  /** x/2 · (1 + tanh(√(2/π)(x + 0.044715x³))), torch's {@code approximate="tanh"}. */
  public static final Elementwise GELU_TANH =
      new Elementwise(
          "geluTanh",
          1,
          input(0)
              .mul(
                  input(0)
                      .mul(input(0))
                      .mul(input(0))
                      .mul(0.044715)
                      .add(input(0))
                      .mul(Math.sqrt(2 / Math.PI))
                      .fn(Fn1.TANH)
                      .add(1)
                      .mul(0.5)));

  /**
   * silu(gate) · up; inputs gate, up (Shazeer 2020). As one operation nothing between is kept for
   * the gradient.
   */
  public static final Elementwise SWIGLU =
      new Elementwise("swiglu", 2, SILU.expression().mul(input(1)));

  /** geluTanh(gate) · up; inputs gate, up (Shazeer 2020). */
  public static final Elementwise GEGLU_TANH =
      new Elementwise("gegluTanh", 2, GELU_TANH.expression().mul(input(1)));

  /** mask ≠ 0 ? value : x; inputs x, mask, value. */
  public static final Elementwise MASKED_FILL =
      new Elementwise("maskedFill", 3, Scalar.select(input(1), input(2), input(0)));

  /** 1 where a = b, else 0. */
  public static final Elementwise EQUAL = binary("equal", Fn2.EQ);

  /** 1 where a &gt; b, else 0. */
  public static final Elementwise GREATER = binary("greater", Fn2.GT);

  /** 1 where a &ge; b, else 0. */
  public static final Elementwise GREATER_OR_EQUAL = binary("greaterOrEqual", Fn2.GE);

  /** 0 where a = b, else 1. */
  public static final Elementwise NOT_EQUAL =
      new Elementwise(
          "notEqual", 2, Scalar.select(new Binary(Fn2.EQ, input(0), input(1)), of(0), of(1)));

  /** condition ≠ 0 ? a : b; inputs condition, a, b. */
  public static final Elementwise WHERE =
      new Elementwise("where", 3, Scalar.select(input(0), input(1), input(2)));

  private Pointwise() {}

  /** Returns a number as a node; it becomes part of the kernels that use it. */
  public static Node constant(double value) {
    return Node.of(new Elementwise("constant", 0, of(value)));
  }

  /** Returns a + b. */
  public static Node add(Node a, Node b) {
    return Node.of(ADD, a, b);
  }

  /** Returns a - b. */
  public static Node sub(Node a, Node b) {
    return Node.of(SUB, a, b);
  }

  /** Returns a · b. */
  public static Node mul(Node a, Node b) {
    return Node.of(MUL, a, b);
  }

  /** Returns x · c. */
  public static Node mul(Node x, double c) {
    return Node.of(new Elementwise("scale", 1, new Binary(Fn2.MUL, input(0), of(c))), x);
  }

  /** Returns x + c. */
  public static Node add(Node x, double c) {
    return Node.of(new Elementwise("shift", 1, new Binary(Fn2.ADD, input(0), of(c))), x);
  }

  /** Returns x to the power c. */
  public static Node pow(Node x, double c) {
    return Node.of(new Elementwise("pow", 1, new Binary(Fn2.POW, input(0), of(c))), x);
  }

  private static Elementwise unary(String name, Fn1 fn) {
    return new Elementwise(name, 1, input(0).fn(fn));
  }

  private static Elementwise binary(String name, Fn2 fn) {
    return new Elementwise(name, 2, new Binary(fn, input(0), input(1)));
  }
}
