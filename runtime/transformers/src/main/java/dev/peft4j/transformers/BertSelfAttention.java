package dev.peft4j.transformers;

import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.SelfAttention;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Multi-head attention of a sequence over itself, without the projection that follows. */
public final class BertSelfAttention extends SelfAttention {
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Dropout dropout;

  BertSelfAttention(EncoderConfig config, Init init) {
    super(config.heads());
    int hidden = config.hiddenSize();
    this.query = init.linear(hidden, hidden);
    this.key = init.linear(hidden, hidden);
    this.value = init.linear(hidden, hidden);
    this.dropout = new Dropout(config.attentionDropout());
  }

  Tensor forward(Tensor x, @Nullable Tensor mask) {
    return attend(x, mask);
  }

  /** Returns the projection to queries. */
  @Override
  public Linear query() {
    return query;
  }

  /** Returns the projection to keys. */
  @Override
  public Linear key() {
    return key;
  }

  /** Returns the projection to values. */
  @Override
  public Linear value() {
    return value;
  }

  /** Returns the dropout of the attention's weights. */
  @Override
  public Dropout dropout() {
    return dropout;
  }
}
