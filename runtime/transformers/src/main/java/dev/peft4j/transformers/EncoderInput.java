package dev.peft4j.transformers;

import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The checks of the inputs of a model, made when it is called: a wrong token is reported before
 * anything is computed. Tensors that are not computed yet are checked by the backend instead.
 */
final class EncoderInput {
  private final InputChecks checks;
  private final EncoderConfig config;

  /**
   * Creates the checks for a model.
   *
   * @param modelType its name in messages, in capitals
   */
  EncoderInput(String modelType, EncoderConfig config) {
    this.checks = new InputChecks(modelType);
    this.config = config;
  }

  void check(Tensor ids, @Nullable Tensor mask, @Nullable Tensor typeIds) {
    Shape s = ids.shape();
    checks.tokenIds(ids);
    if (s.dim(1) > config.maxTokens()) {
      throw checks.tooLong(s.dim(1), config.maxTokens(), config.maxPositions());
    }
    checks.ids("token id", "vocab_size", ids, config.vocabSize());
    if (mask != null) {
      checks.sameShape("attention mask", mask, s);
      checks.mask(mask);
    }
    if (typeIds != null) {
      checks.sameShape("token type ids", typeIds, s);
      if (!typeIds.dtype().isInteger()) {
        throw new ShapeException(
            checks.model() + "token type ids are " + typeIds.dtype() + ", needed integers");
      }
      if (config.typeVocabSize() == 0) {
        throw new IllegalArgumentException(
            checks.model()
                + "the model has no token types, but token type ids were given; leave them out");
      }
      checks.ids("token type id", "type_vocab_size", typeIds, config.typeVocabSize());
    }
  }

  /**
   * Returns the mask that is added to the attention scores: 0 at tokens, the most negative float at
   * padding.
   *
   * @param mask (batch, tokens), 1 at tokens, 0 at padding
   * @return (batch, 1, 1, tokens)
   */
  static Tensor additive(Tensor mask) {
    return mask.toFloat().reshape(mask.dim(0), 1, 1, mask.dim(1)).sub(1).mul(Float.MAX_VALUE);
  }
}
