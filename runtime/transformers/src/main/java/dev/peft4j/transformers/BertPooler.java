package dev.peft4j.transformers;

import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;

/** The pooler of BERT, which computes a vector for the whole text from the first token's state. */
public final class BertPooler extends Module implements Pooler {
  private final Linear dense;

  BertPooler(EncoderConfig config, Init init) {
    this.dense = init.linear(config.hiddenSize(), config.hiddenSize());
  }

  /**
   * Returns tanh of the projected first state, (batch, hidden).
   *
   * @param hidden (batch, tokens, hidden)
   */
  @Override
  public Tensor forward(Tensor hidden) {
    return dense.forward(Pooling.first(hidden)).tanh();
  }

  /** Returns the projection. */
  public Linear dense() {
    return dense;
  }
}
