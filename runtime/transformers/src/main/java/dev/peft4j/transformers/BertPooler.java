package dev.peft4j.transformers;

import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;

/** What BERT makes of the first token's state to stand for the whole text. */
public final class BertPooler extends Module {
  private final Linear dense;

  BertPooler(EncoderConfig config, Init init) {
    this.dense = init.linear(config.hiddenSize(), config.hiddenSize());
  }

  /**
   * tanh of the projected first state: (batch, hidden).
   *
   * @param hidden (batch, tokens, hidden)
   */
  public Tensor forward(Tensor hidden) {
    return dense.forward(Pooling.first(hidden)).tanh();
  }

  /** The projection. */
  public Linear dense() {
    return dense;
  }
}
