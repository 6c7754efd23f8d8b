package dev.peft4j.tensor;

import dev.peft4j.graph.Node;
import dev.peft4j.op.Activations;
import dev.peft4j.op.Pointwise;

/**
 * Comparisons, selections, limits and the activations that are made of them. A comparison gives
 * float32: 1 where it holds and 0 elsewhere, also where a side is NaN; integers are compared as
 * float32, which is exact up to 2²⁴.
 */
public sealed interface ComparisonOps extends PointwiseOps permits Tensor {
  /** Returns 1 where this = b, else 0; torch's {@code eq}. */
  default Tensor eq(Tensor b) {
    return toFloat().apply(Pointwise.EQUAL, b.toFloat());
  }

  /** Returns 1 where this = b, else 0. */
  default Tensor eq(float b) {
    return eq(Tensor.constant(b));
  }

  /** Returns 1 where this ≠ b, else 0; NaN is unequal to everything. */
  default Tensor ne(Tensor b) {
    return toFloat().apply(Pointwise.NOT_EQUAL, b.toFloat());
  }

  /** Returns 1 where this ≠ b, else 0. */
  default Tensor ne(float b) {
    return ne(Tensor.constant(b));
  }

  /** Returns 1 where this &gt; b, else 0. */
  default Tensor gt(Tensor b) {
    return toFloat().apply(Pointwise.GREATER, b.toFloat());
  }

  /** Returns 1 where this &gt; b, else 0. */
  default Tensor gt(float b) {
    return gt(Tensor.constant(b));
  }

  /** Returns 1 where this ≥ b, else 0. */
  default Tensor ge(Tensor b) {
    return toFloat().apply(Pointwise.GREATER_OR_EQUAL, b.toFloat());
  }

  /** Returns 1 where this ≥ b, else 0. */
  default Tensor ge(float b) {
    return ge(Tensor.constant(b));
  }

  /** Returns 1 where this &lt; b, else 0. */
  default Tensor lt(Tensor b) {
    return b.gt(Tensor.self(this));
  }

  /** Returns 1 where this &lt; b, else 0. */
  default Tensor lt(float b) {
    return lt(Tensor.constant(b));
  }

  /** Returns 1 where this ≤ b, else 0. */
  default Tensor le(Tensor b) {
    return b.ge(Tensor.self(this));
  }

  /** Returns 1 where this ≤ b, else 0. */
  default Tensor le(float b) {
    return le(Tensor.constant(b));
  }

  /**
   * Returns this where {@code condition} (float32, broadcast) is not 0, and {@code other}
   * elsewhere: torch's {@code x.where(condition, other)}. What is not taken gets no gradient, even
   * where it is infinite or NaN.
   */
  default Tensor where(Tensor condition, Tensor other) {
    return condition.apply(Pointwise.WHERE, Tensor.self(this), other);
  }

  /** Returns the larger of this and {@code b}; equal ones share the gradient. */
  default Tensor maximum(float b) {
    return maximum(Tensor.constant(b));
  }

  /** Returns the smaller of this and {@code b}; equal ones share the gradient. */
  default Tensor minimum(float b) {
    return minimum(Tensor.constant(b));
  }

  /**
   * Returns this, limited to {@code min} … {@code max}: torch's {@code clamp}. The gradient is 1
   * within the limits, which belong to them, and 0 outside; NaN stays NaN.
   */
  default Tensor clamp(float min, float max) {
    return Tensor.of(Node.of(Activations.clamp(min, max), node()));
  }

  /** Returns this, but at least {@code min}: torch's {@code clamp(min=...)}. */
  default Tensor clampMin(float min) {
    return clamp(min, Float.POSITIVE_INFINITY);
  }

  /** Returns this, but at most {@code max}: torch's {@code clamp(max=...)}. */
  default Tensor clampMax(float max) {
    return clamp(Float.NEGATIVE_INFINITY, max);
  }

  /** Returns -1, 0 or 1; the gradient is 0. */
  default Tensor sign() {
    return apply(Activations.SIGN);
  }

  /** Returns eˣ - 1, precise near 0. */
  default Tensor expm1() {
    return Tensor.of(Node.of(new dev.peft4j.op.Expm1(), node()));
  }

  /** Returns log(1 + eˣ), without overflow and precise for large negative x. */
  default Tensor softplus() {
    return Tensor.of(Node.of(new dev.peft4j.op.Softplus(), node()));
  }

  /** Returns x where x &gt; 0, else α(eˣ - 1) (Clevert et al. 2015): torch's {@code F.elu}. */
  default Tensor elu(float alpha) {
    Tensor negative = clampMax(0).expm1().mul(alpha);
    return where(gt(0), negative);
  }

  /** Returns x where x ≥ 0, else {@code slope} · x: torch's {@code F.leaky_relu}. */
  default Tensor leakyRelu(float slope) {
    return apply(Activations.leakyRelu(slope));
  }
}
