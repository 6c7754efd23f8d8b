package dev.peft4j.transformers;

import dev.peft4j.tensor.Tensor;

/**
 * Texts as the input of a model, padded to the longest.
 *
 * @param inputIds token ids, int64 (batch, tokens)
 * @param attentionMask int64 (batch, tokens): 1 at tokens, 0 at padding
 * @param tokenTypeIds int64 (batch, tokens): 0 in the first text, 1 in the second of a pair
 */
public record TokenBatch(Tensor inputIds, Tensor attentionMask, Tensor tokenTypeIds) {
  /** Returns the number of texts. */
  public int size() {
    return inputIds.dim(0);
  }

  /** Returns the number of tokens in the longest text. */
  public int tokens() {
    return inputIds.dim(1);
  }
}
