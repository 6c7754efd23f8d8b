package dev.peft4j.tensor;

import dev.peft4j.data.Encodings;
import dev.peft4j.graph.Decode;
import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Node;
import dev.peft4j.op.Pointwise;
import dev.peft4j.op.RandomMask;

/** The operations of a {@link Tensor} that work element by element; shapes broadcast. */
public sealed interface PointwiseOps permits ComparisonOps {
  /** Returns the graph node that computes this tensor. */
  Node node();

  /** Returns this + b, broadcast. */
  default Tensor add(Tensor b) {
    return apply(Pointwise.ADD, b);
  }

  /** Returns this + b. */
  default Tensor add(float b) {
    return Tensor.of(Pointwise.add(node(), b));
  }

  /** Returns this - b, broadcast. */
  default Tensor sub(Tensor b) {
    return apply(Pointwise.SUB, b);
  }

  /** Returns this - b. */
  default Tensor sub(float b) {
    return add(-b);
  }

  /** Returns this · b element by element, broadcast. */
  default Tensor mul(Tensor b) {
    return apply(Pointwise.MUL, b);
  }

  /** Returns this · b. */
  default Tensor mul(float b) {
    return Tensor.of(Pointwise.mul(node(), b));
  }

  /** Returns this / b element by element, broadcast. */
  default Tensor div(Tensor b) {
    return apply(Pointwise.DIV, b);
  }

  /** Returns this / b. */
  default Tensor div(float b) {
    return apply(Pointwise.DIV, Tensor.of(Pointwise.constant(b)));
  }

  /** Returns the larger of both, broadcast. */
  default Tensor maximum(Tensor b) {
    return apply(Pointwise.MAXIMUM, b);
  }

  /** Returns the smaller of both, broadcast. */
  default Tensor minimum(Tensor b) {
    return apply(Pointwise.MINIMUM, b);
  }

  /** Returns -x. */
  default Tensor neg() {
    return apply(Pointwise.NEG);
  }

  /** Returns |x|. */
  default Tensor abs() {
    return apply(Pointwise.ABS);
  }

  /** Returns eˣ. */
  default Tensor exp() {
    return apply(Pointwise.EXP);
  }

  /** Returns the natural logarithm. */
  default Tensor log() {
    return apply(Pointwise.LOG);
  }

  /** Returns the square root. */
  default Tensor sqrt() {
    return apply(Pointwise.SQRT);
  }

  /** Returns 1 / √x. */
  default Tensor rsqrt() {
    return apply(Pointwise.RSQRT);
  }

  /** Returns x². */
  default Tensor square() {
    return apply(Pointwise.SQUARE);
  }

  /** Returns x to the power {@code exponent}. */
  default Tensor pow(float exponent) {
    return Tensor.of(Pointwise.pow(node(), exponent));
  }

  /** Returns the sine. */
  default Tensor sin() {
    return apply(Pointwise.SIN);
  }

  /** Returns the cosine. */
  default Tensor cos() {
    return apply(Pointwise.COS);
  }

  /** Returns the Gauss error function. */
  default Tensor erf() {
    return apply(Pointwise.ERF);
  }

  /** Returns max(x, 0). */
  default Tensor relu() {
    return apply(Pointwise.RELU);
  }

  /** Returns x · Φ(x), exact: torch's default GELU. */
  default Tensor gelu() {
    return apply(Pointwise.GELU);
  }

  /** Returns the tanh approximation of GELU. */
  default Tensor geluTanh() {
    return apply(Pointwise.GELU_TANH);
  }

  /** Returns x · sigmoid(x). */
  default Tensor silu() {
    return apply(Pointwise.SILU);
  }

  /** Returns the hyperbolic tangent. */
  default Tensor tanh() {
    return apply(Pointwise.TANH);
  }

  /** Returns 1 / (1 + e⁻ˣ). */
  default Tensor sigmoid() {
    return apply(Pointwise.SIGMOID);
  }

  /** Returns {@code value} where {@code mask} (float32, broadcast) is not 0, this elsewhere. */
  default Tensor maskedFill(Tensor mask, float value) {
    return apply(Pointwise.MASKED_FILL, mask, Tensor.of(Pointwise.constant(value)));
  }

  /** Returns integers, or numbers in any encoding, as float32; float32 stays itself. */
  default Tensor toFloat() {
    return node().encoding().equals(Encodings.FLOAT32)
        ? Tensor.self(this)
        : Tensor.of(Node.of(new Decode(), node()));
  }

  /**
   * Applies dropout with probability {@code p}: elements are 0, or x / (1 - p), by a mask drawn
   * from {@code key} (one int64).
   */
  default Tensor dropout(float p, Tensor key) {
    return Tensor.of(RandomMask.dropout(node(), p, key.node()));
  }

  /** Applies an element-wise op to this and {@code others}. */
  default Tensor apply(Elementwise op, Tensor... others) {
    Node[] in = new Node[others.length + 1];
    in[0] = node();
    for (int i = 0; i < others.length; i++) {
      in[i + 1] = others[i].node();
    }
    return Tensor.of(Node.of(op, in));
  }
}
