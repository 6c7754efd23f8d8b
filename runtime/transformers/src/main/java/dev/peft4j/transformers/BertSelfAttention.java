package dev.peft4j.transformers;

import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Multi-head attention of a sequence over itself, without the projection that follows. */
public final class BertSelfAttention extends Module {
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Dropout dropout;
  private final int heads;
  private final boolean drops;

  BertSelfAttention(BertConfig config, BertInit init) {
    int hidden = config.hiddenSize();
    this.query = init.linear(hidden, hidden);
    this.key = init.linear(hidden, hidden);
    this.value = init.linear(hidden, hidden);
    this.dropout = new Dropout(config.attentionDropout());
    this.heads = config.heads();
    this.drops = config.attentionDropout() > 0;
  }

  /**
   * softmax(q · kᵀ / √d + mask) · v for each head, side by side: (batch, tokens, hidden).
   *
   * @param x (batch, tokens, hidden)
   * @param mask additive, broadcasts to (batch, heads, tokens, tokens), or null
   */
  Tensor forward(Tensor x, @Nullable Tensor mask) {
    Tensor q = query.forward(x);
    Tensor k = key.forward(x);
    Tensor v = value.forward(x);
    return drops && training()
        ? withDropout(q, k, v, mask)
        : Tensor.attention(q, k, v, mask, heads, heads, false);
  }

  /** The same in single steps, as dropout falls between the softmax and the product with v. */
  private Tensor withDropout(Tensor q, Tensor k, Tensor v, @Nullable Tensor mask) {
    float scale = (float) (1 / Math.sqrt((double) q.dim(-1) / heads));
    Tensor scores = split(q).matmul(split(k).transpose(-1, -2)).mul(scale);
    if (mask != null) {
      scores = scores.add(mask);
    }
    Tensor context = dropout.forward(scores.softmax(-1)).matmul(split(v));
    return context.transpose(1, 2).reshape(q.dim(0), q.dim(1), q.dim(2));
  }

  /** (batch, tokens, heads · d) to (batch, heads, tokens, d). */
  private Tensor split(Tensor x) {
    return x.reshape(x.dim(0), x.dim(1), heads, x.dim(2) / heads).transpose(1, 2);
  }

  /** The projection to queries. */
  public Linear query() {
    return query;
  }

  /** The projection to keys. */
  public Linear key() {
    return key;
  }

  /** The projection to values. */
  public Linear value() {
    return value;
  }

  /** The dropout of the attention's weights. */
  public Dropout dropout() {
    return dropout;
  }
}
