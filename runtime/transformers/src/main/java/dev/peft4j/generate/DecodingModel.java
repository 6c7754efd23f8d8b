package dev.peft4j.generate;

import dev.peft4j.nn.KeyValueCache;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;

/**
 * A decoder, as far as generation needs it. {@link Generator#of} makes one of a causal language
 * model.
 */
public interface DecodingModel {
  /**
   * Returns the hidden states of tokens that follow those in a cache.
   *
   * @param ids int32 (batch, tokens); their memory changes from step to step, so a model must not
   *     read them while it builds its graph
   * @return (batch, tokens, hidden)
   */
  Tensor hidden(Tensor ids, KeyValueCache cache);

  /**
   * Puts what comes before all texts, such as an adapter's virtual tokens, in front of the rows of
   * an empty cache, unless it is there.
   */
  default void prime(KeyValueCache cache) {}

  /** Returns the scores of the next token for hidden states: (…, hidden) to (…, vocabulary). */
  Tensor logits(Tensor hidden);

  /** Returns the number of tokens that there are. */
  int vocabulary();

  /** Returns the number of positions that the model was made for. */
  int positions();

  /** Returns whether there is nothing behind the last position, such as in a table of positions. */
  boolean bounded();

  /**
   * Returns the largest length up to which keys and values do not depend on the length of the text:
   * up to it, those of a shorter text can be taken for a longer one that begins with it.
   */
  default int cacheFixedUpTo() {
    return Integer.MAX_VALUE;
  }

  /**
   * Returns the length beyond which keys are others than in a text up to it: when a text grows
   * beyond, what a cache holds is computed again.
   */
  default int cacheSwitchesAt() {
    return Integer.MAX_VALUE;
  }

  /** Returns the module that computes. */
  Module module();
}
