package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.Scalar;
import dev.peft4j.graph.SumTo;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Scaled dot-product attention (Vaswani et al. 2017): softmax(q · kᵀ · scale + mask) · v for each
 * head. The heads are stored side by side in the innermost dimension. Inputs q (batch, queries,
 * heads · d), k and v (batch, keys, kvHeads · d), and optionally an additive mask that broadcasts
 * to (batch, heads, queries, keys); if there are fewer key heads, consecutive query heads share
 * one.
 *
 * <p>The result of a query that sees no key (all its scores are minus infinity because a mask hides
 * the whole row) is 0, without a gradient, as in torch's {@code F.scaled_dot_product_attention}.
 */
public record Attention(int heads, int kvHeads, boolean causal, float scale) implements Op {
  /** A probability, or 0 where the largest score of its row is minus infinity. */
  private static final Elementwise SEEN =
      new Elementwise(
          "seen",
          2,
          Scalar.select(
              new Scalar.Binary(Scalar.Fn2.EQ, Scalar.input(1), Scalar.of(Float.NEGATIVE_INFINITY)),
              Scalar.of(0),
              Scalar.input(0)));

  /** Returns the attention of {@code q} over {@code k} and {@code v}; the mask may be null. */
  public static Node of(
      Node q,
      Node k,
      Node v,
      @Nullable Node mask,
      int heads,
      int kvHeads,
      boolean causal,
      float scale) {
    Attention op = new Attention(heads, kvHeads, causal, scale);
    return mask == null ? Node.of(op, q, k, v) : Node.of(op, q, k, v, mask);
  }

  @Override
  public Shape shape(Node[] inputs) {
    Shape q = inputs[0].shape();
    Shape k = inputs[1].shape();
    Shape v = inputs[2].shape();
    boolean fits =
        heads > 0
            && kvHeads > 0
            && heads % kvHeads == 0
            && q.rank() == 3
            && k.rank() == 3
            && k.equals(v);
    fits =
        fits
            && q.dim(2) % heads == 0
            && k.dim(2) == q.dim(2) / heads * kvHeads
            && q.dim(0) == k.dim(0);
    if (!fits) {
      throw new ShapeException(
          "attention: q "
              + q
              + ", k "
              + k
              + ", v "
              + v
              + " with "
              + heads
              + " heads and "
              + kvHeads
              + " key heads: needed (batch, queries, heads·d), (batch, keys, keyHeads·d) twice");
    }
    if (inputs.length > 3) {
      Shape scores = Shape.of(q.dim(0), heads, q.dim(1), k.dim(1));
      if (!Shape.broadcast("attention mask", inputs[3].shape(), scores).equals(scores)) {
        throw new ShapeException(
            "attention: mask of shape "
                + inputs[3].shape()
                + " does not broadcast to the scores "
                + scores);
      }
    }
    return q;
  }

  /** Counts both products; the softmax between them is negligible. */
  @Override
  public long flops(Shape[] inputs, Shape output) {
    return 4 * inputs[0].elements() * inputs[1].dim(1);
  }

  @Override
  public int @Nullable [] partAxes(Node[] inputs, Shape out, int axis) {
    if (causal || axis > 1) {
      return null;
    }
    int ofMask =
        inputs.length > 3 ? maskAxis(inputs[3].shape(), axis == 0 ? 0 : 2, out.dim(axis)) : -1;
    int ofKeys = axis == 0 ? 0 : -1;
    return inputs.length > 3
        ? new int[] {axis, ofKeys, ofKeys, ofMask}
        : new int[] {axis, ofKeys, ofKeys};
  }

  /**
   * Returns the mask's own axis for an axis of the scores, of that size, or -1 where it is
   * repeated.
   */
  static int maskAxis(Shape mask, int ofScores, int size) {
    int axis = ofScores - (4 - mask.rank());
    return axis < 0 || mask.dim(axis) != size ? -1 : axis;
  }

  /** Returns zeros if there are no keys. */
  @Override
  public @Nullable Node simplify(Node[] inputs) {
    return inputs[1].shape().elements() == 0 ? BroadcastTo.zeros(inputs[0].shape()) : null;
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    @Nullable Node[] grads = new @Nullable Node[out.inputs().length];
    Node[] in = java.util.Arrays.copyOf(out.inputs(), out.inputs().length + 1);
    in[in.length - 1] = dOut;
    Node packed = Node.of(new AttentionGrad(this), in);
    int at = 0;
    for (int i = 0; i < 3; i++) {
      Shape s = out.input(i).shape();
      if (out.input(i).requiresGrad()) {
        grads[i] = Reshape.of(Slice.of(packed, 0, at, at + s.size()), s);
      }
      at += s.size();
    }
    if (grads.length > 3 && out.input(3).requiresGrad()) {
      throw new UnsupportedOperationException("attention: gradients for the mask");
    }
    return grads;
  }

  @Override
  public Node decompose(Node[] inputs) {
    Node p = probabilities(inputs);
    return join(MatMul.of(p, false, spread(inputs[2]), false));
  }

  /**
   * Returns softmax(q · kᵀ · scale + mask), (batch, heads, queries, keys); all 0 where every score
   * is minus infinity.
   */
  Node probabilities(Node[] inputs) {
    Node scores =
        Pointwise.mul(MatMul.of(split(inputs[0], heads), false, spread(inputs[1]), true), scale);
    if (scores.shape().elements() == 0) {
      return BroadcastTo.zeros(scores.shape());
    }
    if (inputs.length > 3) {
      scores = Pointwise.add(scores, inputs[3]);
    }
    if (causal) {
      scores =
          Pointwise.add(scores, Node.of(new Causal(scores.shape().dim(2), scores.shape().dim(3))));
    }
    return Node.of(SEEN, Node.of(new Softmax(), scores), Reduce.max(scores, true, -1));
  }

  /** Turns (batch, n, h · d) into (batch, h, n, d). */
  static Node split(Node x, int h) {
    Shape s = x.shape();
    return Permute.of(Reshape.of(x, s.dim(0), s.dim(1), h, s.dim(2) / h), List.of(0, 2, 1, 3));
  }

  /** Turns (batch, h, n, d) into (batch, n, h · d). */
  static Node join(Node x) {
    Shape s = x.shape();
    return Reshape.of(Permute.of(x, List.of(0, 2, 1, 3)), s.dim(0), s.dim(2), s.dim(1) * s.dim(3));
  }

  /** Repeats each key head for the query heads that share it. */
  Node spread(Node x) {
    Node kv = split(x, kvHeads);
    if (kvHeads == heads) {
      return kv;
    }
    Shape s = kv.shape();
    Node wide = Reshape.of(kv, s.dim(0), kvHeads, 1, s.dim(2), s.dim(3));
    wide = BroadcastTo.of(wide, Shape.of(s.dim(0), kvHeads, heads / kvHeads, s.dim(2), s.dim(3)));
    return Reshape.of(wide, s.dim(0), heads, s.dim(2), s.dim(3));
  }

  /** Computes the adjoint of {@link #spread}. */
  Node gather(Node x) {
    if (kvHeads != heads) {
      Shape s = x.shape();
      Node wide = Reshape.of(x, s.dim(0), kvHeads, heads / kvHeads, s.dim(2), s.dim(3));
      wide = SumTo.of(wide, Shape.of(s.dim(0), kvHeads, 1, s.dim(2), s.dim(3)));
      return join(Reshape.of(wide, s.dim(0), kvHeads, s.dim(2), s.dim(3)));
    }
    return join(x);
  }
}
