package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.Scalar;
import dev.peft4j.graph.SumTo;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Scaled dot-product attention (Vaswani et al. 2017): softmax(q · kᵀ · scale + mask) · v for each
 * head. The heads are stored side by side in the innermost dimension. Inputs q (batch, queries,
 * heads · d), k and v (batch, keys, kvHeads · d), optionally an additive mask that broadcasts to
 * (batch, heads, queries, keys), and then, if {@code ranged}, integers that say which keys are
 * seen; if there are fewer key heads, consecutive query heads share one.
 *
 * <p>Query i has the place keys - queries + i among the keys: the last query is where the last key
 * is. A causal query sees no key behind its place, and with a window only keys that are fewer than
 * {@code window} places away. The integers are data, so that one program serves every length:
 *
 * <ul>
 *   <li>of shape (batch or 1), the place of each sequence's first query, for keys and values in a
 *       cache that has room for more: keys from the place behind the last query on are not there;
 *   <li>of shape (batch or 1, queries, 2), for each query the first key that it may see and the one
 *       behind the last: padding on either side, or several sequences packed into one row.
 * </ul>
 *
 * <p>Values of keys that no query sees have to be finite numbers.
 *
 * <p>The result of a query that sees no key (all its scores are minus infinity because a mask hides
 * the whole row) is 0, without a gradient, as in torch's {@code F.scaled_dot_product_attention}.
 *
 * @param heads heads of q
 * @param kvHeads heads of k and v; divides {@code heads}
 * @param causal whether a query sees only keys that are not behind its place
 * @param scale what the products of queries and keys are multiplied by
 * @param window a query sees only keys that are fewer than so many places away; 0 for all
 * @param softcap c of c · tanh(score / c), which is applied before the mask (Gemma 2); 0 for none
 * @param ranged whether the last input says which keys are seen
 */
public record Attention(
    int heads, int kvHeads, boolean causal, float scale, int window, float softcap, boolean ranged)
    implements Op {
  /** A probability, or 0 where the largest score of its row is minus infinity. */
  private static final Elementwise SEEN =
      new Elementwise(
          "seen",
          2,
          Scalar.select(
              new Scalar.Binary(Scalar.Fn2.EQ, Scalar.input(1), Scalar.of(Float.NEGATIVE_INFINITY)),
              Scalar.of(0),
              Scalar.input(0)));

  /** Checks the settings. */
  public Attention {
    if (window < 0 || !(softcap >= 0) || softcap == Float.POSITIVE_INFINITY) {
      throw new IllegalArgumentException(
          "attention: window "
              + window
              + " and softcap "
              + softcap
              + ": needed 0 (for none) or more, and a finite softcap");
    }
  }

  /** Creates settings without a window, a cap and ranges. */
  public Attention(int heads, int kvHeads, boolean causal, float scale) {
    this(heads, kvHeads, causal, scale, 0, 0, false);
  }

  /** Returns causal attention without a window and a cap. */
  public static Attention causal(int heads, int kvHeads, float scale) {
    return new Attention(heads, kvHeads, true, scale);
  }

  /** Returns the same with a window; 0 for none. */
  public Attention within(int window) {
    return new Attention(heads, kvHeads, causal, scale, window, softcap, ranged);
  }

  /** Returns the same with capped scores; 0 for none. */
  public Attention capped(float softcap) {
    return new Attention(heads, kvHeads, causal, scale, window, softcap, ranged);
  }

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
    return new Attention(heads, kvHeads, causal, scale).of(q, k, v, mask, null);
  }

  /**
   * Returns the attention of {@code q} over {@code k} and {@code v} with these settings.
   *
   * @param mask additive, or null
   * @param seen the integers that say which keys are seen, or null
   */
  public Node of(Node q, Node k, Node v, @Nullable Node mask, @Nullable Node seen) {
    Attention op =
        ranged == (seen != null)
            ? this
            : new Attention(heads, kvHeads, causal, scale, window, softcap, seen != null);
    List<Node> in = new ArrayList<>(List.of(q, k, v));
    if (mask != null) {
      in.add(mask);
    }
    if (seen != null) {
      in.add(seen);
    }
    return Node.of(op, in.toArray(Node[]::new));
  }

  /** Returns whether there is a mask among so many inputs of the forward op. */
  public boolean masked(int inputs) {
    return inputs > (ranged ? 4 : 3);
  }

  /** Returns whether every query sees every key, unless a mask hides it. */
  boolean seesAll() {
    return !causal && window == 0 && !ranged;
  }

  /** Allows integers for the last input. */
  @Override
  public DType dtype(Node[] inputs) {
    return numbers(inputs, ranged ? inputs.length - 1 : -1);
  }

  /** Checks that all inputs are float32 but {@code integers}, which has to hold integers. */
  private static DType numbers(Node[] inputs, int integers) {
    for (int i = 0; i < inputs.length; i++) {
      if (i == integers != inputs[i].dtype().isInteger()) {
        throw new ShapeException(
            "attention: input "
                + i
                + " is "
                + inputs[i].dtype()
                + " "
                + inputs[i].shape()
                + (i == integers ? ", needed integers" : ", needed FLOAT32"));
      }
    }
    return DType.FLOAT32;
  }

  /** As {@link #dtype}, for the inputs of the gradient. */
  DType gradientType(Node[] inputs) {
    return numbers(inputs, ranged ? inputs.length - 2 : -1);
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
    if (ranged) {
      checkRanges(inputs[inputs.length - 1].shape(), q);
    }
    if (masked(inputs.length)) {
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

  private static void checkRanges(Shape r, Shape q) {
    boolean fits = r.rank() == 1 || r.rank() == 3 && r.dim(1) == q.dim(1) && r.dim(2) == 2;
    if (!fits || r.dim(0) != 1 && r.dim(0) != q.dim(0)) {
      throw new ShapeException(
          "attention: which keys are seen has shape "
              + r
              + " for queries "
              + q
              + ": needed (batch or 1), the places of the first queries, or (batch or 1, queries,"
              + " 2)");
    }
  }

  @Override
  public int @Nullable [] partAxes(Node[] inputs, Shape out, int axis) {
    if (axis > 1 || axis == 1 && !seesAll()) {
      return null;
    }
    int[] axes = new int[inputs.length];
    axes[0] = axis;
    axes[1] = axis == 0 ? 0 : -1;
    axes[2] = axes[1];
    if (masked(inputs.length)) {
      axes[3] = maskAxis(inputs[3].shape(), axis == 0 ? 0 : 2, out.dim(axis));
    }
    if (ranged) {
      int last = inputs.length - 1;
      axes[last] = inputs[last].shape().dim(0) == out.dim(0) ? 0 : -1;
    }
    return axes;
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
    if (masked(grads.length) && out.input(3).requiresGrad()) {
      throw new UnsupportedOperationException("attention: gradients for the mask");
    }
    return grads;
  }

  @Override
  public Node decompose(Node[] inputs) {
    Node p = probabilities(inputs, scores(inputs));
    return join(MatMul.of(p, false, spread(inputs[2]), false));
  }

  /** Returns q · kᵀ · scale, capped: (batch, heads, queries, keys). */
  Node scores(Node[] inputs) {
    Node products = MatMul.of(split(inputs[0], heads), false, spread(inputs[1]), true);
    if (softcap == 0) {
      return Pointwise.mul(products, scale);
    }
    Node tanh = Node.of(Pointwise.TANH, Pointwise.mul(products, scale / softcap));
    return Pointwise.mul(tanh, softcap);
  }

  /** Returns softmax(scores + mask), all 0 where every score is minus infinity. */
  Node probabilities(Node[] inputs, Node scores) {
    if (scores.shape().elements() == 0) {
      return BroadcastTo.zeros(scores.shape());
    }
    if (masked(inputs.length)) {
      scores = Pointwise.add(scores, inputs[3]);
    }
    if (causal && !ranged && window == 0) {
      scores =
          Pointwise.add(scores, Node.of(new Causal(scores.shape().dim(2), scores.shape().dim(3))));
    } else if (!seesAll()) {
      scores = Pointwise.add(scores, Reach.mask(this, inputs));
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
