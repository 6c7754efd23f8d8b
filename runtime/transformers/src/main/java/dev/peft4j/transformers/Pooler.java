package dev.peft4j.transformers;

import dev.peft4j.tensor.Tensor;

/** A computation of one vector for a text from the hidden states of its tokens. */
@FunctionalInterface
public interface Pooler {
  /**
   * Returns a vector for each text, (batch, hidden).
   *
   * @param hidden (batch, tokens, hidden)
   */
  Tensor forward(Tensor hidden);
}
