package dev.peft4j.tensor;

import dev.peft4j.graph.Node;
import dev.peft4j.op.Inverse;
import dev.peft4j.op.LinearOp;
import dev.peft4j.op.MatMul;
import dev.peft4j.op.Rotary;
import dev.peft4j.op.Unfold;
import dev.peft4j.op.Window;
import org.jspecify.annotations.Nullable;

/** The operations of a {@link Tensor} that multiply matrices. */
public sealed interface ProductOps permits Tensor {
  /** Returns the graph node that computes this tensor. */
  Node node();

  /** Returns the matrix product over the two innermost dimensions; outer ones broadcast. */
  default Tensor matmul(Tensor b) {
    return Tensor.of(MatMul.of(node(), false, b.node(), false));
  }

  /**
   * Returns the inverse of the matrices of the two innermost dimensions, (…, n, n). They have to be
   * well-conditioned; the inverse of a singular one is not finite.
   */
  default Tensor inverse() {
    return Tensor.of(Inverse.of(node()));
  }

  /**
   * Returns x · Wᵀ + b for x (…, in), weight (out, in), bias (out) or null: torch's {@code
   * F.linear}.
   */
  default Tensor linear(Tensor weight, @Nullable Tensor bias) {
    return Tensor.of(LinearOp.of(node(), weight.node(), bias == null ? null : bias.node()));
  }

  /**
   * Returns the cross-correlation of x (batch, channels, h, w) with weight (out, channels, kh, kw):
   * torch's {@code F.conv2d}.
   *
   * @param bias (out) or null
   */
  default Tensor conv2d(Tensor weight, @Nullable Tensor bias, Window window) {
    return Tensor.of(
        Unfold.conv2d(node(), weight.node(), bias == null ? null : bias.node(), window));
  }

  /**
   * Returns the scaled dot-product attention, torch's {@code F.scaled_dot_product_attention}: this
   * tensor, the queries, is (batch, heads, queries, d); keys and values are (batch, kvHeads, keys,
   * d).
   *
   * @param mask additive, broadcasts to (batch, heads, queries, keys), or null
   */
  default Tensor scaledDotProductAttention(
      Tensor k, Tensor v, @Nullable Tensor mask, boolean causal) {
    Tensor self = Tensor.self(this);
    int heads = self.dim(1);
    Tensor joined =
        Tensor.attention(side(Tensor.self(this)), side(k), side(v), mask, heads, k.dim(1), causal);
    return joined.reshape(self.dim(0), self.dim(2), heads, self.dim(3)).transpose(1, 2);
  }

  /**
   * Returns this (batch, tokens, heads · d) with the first r dimensions of each head rotated by the
   * position of their token (rotary position embedding, Su et al. 2021).
   *
   * @param table of {@link Tensor#rotaryTable}
   * @param interleaved whether dimensions 2i and 2i + 1 are a pair (Cohere), not i and i + r/2
   */
  default Tensor rotary(Tensor table, int heads, boolean interleaved) {
    return Tensor.of(Rotary.of(node(), table.node(), heads, interleaved));
  }

  private static Tensor side(Tensor x) {
    return x.transpose(1, 2).reshape(x.dim(0), x.dim(2), x.dim(1) * x.dim(3));
  }
}
