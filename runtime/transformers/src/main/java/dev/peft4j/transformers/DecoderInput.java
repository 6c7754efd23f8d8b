package dev.peft4j.transformers;

import dev.peft4j.nn.KeyValueCache;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The input of a decoder.
 *
 * @param inputIds token ids, integers (batch, tokens)
 * @param attentionMask like inputIds, 1 at tokens and 0 at padding; null if all are tokens
 * @param positionIds integers (batch, tokens) or (1, tokens); null for 0, 1, ... in every row,
 *     padding included. Without a mask, positions that begin again pack several texts into one row:
 *     tokens see only those of their own text
 * @param cache the keys and values of earlier tokens, which these tokens follow; null for none.
 *     Rows of a cache have no padding, so it needs no mask, and it has positions itself
 * @param noise added to the embeddings of the tokens, (batch, tokens, hidden), as in NEFTune (Jain
 *     et al. 2023); null for none
 */
public record DecoderInput(
    Tensor inputIds,
    @Nullable Tensor attentionMask,
    @Nullable Tensor positionIds,
    @Nullable KeyValueCache cache,
    @Nullable Tensor noise) {

  /**
   * Creates an input.
   *
   * @throws IllegalArgumentException if there are both a mask and a cache
   */
  public DecoderInput {
    if (cache != null && attentionMask != null) {
      throw new IllegalArgumentException(
          "decoder input: an attention mask beside a cache, whose rows have no padding; leave the"
              + " mask out");
    }
  }

  /** Returns the input of texts without padding. */
  public static DecoderInput of(Tensor inputIds) {
    return new DecoderInput(inputIds, null, null, null, null);
  }

  /** Returns the input of a batch that a {@link Tokenizer} made. */
  public static DecoderInput of(TokenBatch batch) {
    return new DecoderInput(batch.inputIds(), batch.attentionMask(), null, null, null);
  }

  /** Returns this with a mask. */
  public DecoderInput withMask(@Nullable Tensor mask) {
    return new DecoderInput(inputIds, mask, positionIds, cache, noise);
  }

  /** Returns this with positions. */
  public DecoderInput withPositions(@Nullable Tensor positions) {
    return new DecoderInput(inputIds, attentionMask, positions, cache, noise);
  }

  /** Returns this as the continuation of what a cache holds. */
  public DecoderInput withCache(@Nullable KeyValueCache values) {
    return new DecoderInput(inputIds, attentionMask, positionIds, values, noise);
  }

  /** Returns this with noise on the embeddings. */
  public DecoderInput withNoise(@Nullable Tensor values) {
    return new DecoderInput(inputIds, attentionMask, positionIds, cache, values);
  }
}
