package dev.peft4j.nn;

import dev.peft4j.op.Attention;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Multi-head attention of a sequence over itself (Vaswani et al. 2017), without the projection that
 * follows. A subclass holds the projections of queries, keys and values in fields of its own, so
 * that they have the names that checkpoints and adapters of its family of models use:
 *
 * <pre>{@code
 * final class DistilAttention extends SelfAttention {
 *   private final Linear qLin; // in files: q_lin
 *   ...
 *   protected Layer query() {
 *     return qLin;
 *   }
 * }
 * }</pre>
 */
public abstract class SelfAttention extends Module {
  private final int heads;

  /**
   * Remembers the number of heads.
   *
   * @param heads heads that lie side by side in the projections; divides their width
   * @throws IllegalArgumentException if it is below 1
   */
  protected SelfAttention(int heads) {
    if (heads < 1) {
      throw new IllegalArgumentException(
          "SelfAttention: " + heads + " heads, there must be at least 1");
    }
    this.heads = heads;
  }

  /** Returns the projection to queries: (batch, tokens, in) to (batch, tokens, heads · d). */
  public abstract Layer query();

  /** Returns the projection to keys, of the same shape. */
  public abstract Layer key();

  /** Returns the projection to values, of the same shape. */
  public abstract Layer value();

  /** Returns the dropout of the attention's weights. */
  public abstract Dropout dropout();

  /** Returns the number of heads. */
  public final int heads() {
    return heads;
  }

  /**
   * Returns softmax(q · kᵀ / √d + mask) · v for each head, side by side: (batch, tokens, heads ·
   * d).
   *
   * @param x (batch, tokens, in)
   * @param mask additive, broadcasts to (batch, heads, tokens, tokens), or null
   */
  protected final Tensor attend(Tensor x, @Nullable Tensor mask) {
    return attend(query().forward(x), key().forward(x), value().forward(x), mask, heads, dropout());
  }

  /**
   * Returns the same for queries, keys and values that are already projected, each (batch, tokens,
   * heads · d).
   *
   * @param mask additive, broadcasts to (batch, heads, tokens, tokens), or null
   * @param dropout of the attention's weights
   */
  public static Tensor attend(
      Tensor q, Tensor k, Tensor v, @Nullable Tensor mask, int heads, Dropout dropout) {
    return attend(q, k, v, mask, heads, 0, dropout);
  }

  /**
   * Returns the same where a token sees its neighbours only.
   *
   * @param window a token sees those that are fewer than so many places away; 0 for all
   */
  public static Tensor attend(
      Tensor q, Tensor k, Tensor v, @Nullable Tensor mask, int heads, int window, Dropout dropout) {
    boolean drops = dropout.p() > 0 && dropout.training();
    boolean learnsMask = mask != null && mask.node().requiresGrad();
    if (drops || learnsMask) {
      return inSteps(q, k, v, window == 0 ? mask : near(q.dim(1), window, mask), heads, dropout);
    }
    Attention attention = new Attention(heads, heads, false, scale(q, heads)).within(window);
    return Tensor.attention(q, k, v, mask, null, attention);
  }

  private static float scale(Tensor q, int heads) {
    return (float) (1 / Math.sqrt((double) q.dim(-1) / heads));
  }

  /**
   * Returns a mask with that of a window, (batch or 1, heads or 1, tokens, tokens).
   *
   * @param added the mask of padding, or null
   */
  private static Tensor near(int tokens, int window, @Nullable Tensor added) {
    float[] near = new float[tokens * tokens];
    for (int i = 0; i < near.length; i++) {
      near[i] = Math.abs(i / tokens - i % tokens) < window ? 0 : -Float.MAX_VALUE;
    }
    Tensor mask = Tensor.of(near, 1, 1, tokens, tokens);
    // the smaller one, since a sum may be infinite
    return added == null ? mask : mask.minimum(added);
  }

  /**
   * The same in single steps: dropout comes between the softmax and the product with v, and the
   * joined operation has no gradient for its mask.
   */
  private static Tensor inSteps(
      Tensor q, Tensor k, Tensor v, @Nullable Tensor mask, int heads, Dropout dropout) {
    Tensor products = split(q, heads).matmul(split(k, heads).transpose(-1, -2));
    Tensor scores = products.mul(scale(q, heads));
    if (mask != null) {
      scores = scores.add(mask);
    }
    Tensor context = dropout.forward(scores.softmax(-1)).matmul(split(v, heads));
    return context.transpose(1, 2).reshape(q.dim(0), q.dim(1), q.dim(2));
  }

  /** (batch, tokens, heads · d) to (batch, heads, tokens, d). */
  private static Tensor split(Tensor x, int heads) {
    return x.reshape(x.dim(0), x.dim(1), heads, x.dim(2) / heads).transpose(1, 2);
  }
}
