package dev.peft4j.transformers;

import dev.peft4j.nn.HasModelType;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** An encoder with a classifier on top. */
public abstract class EncoderClassifier extends Module implements HasModelType {
  /** The label of rows and tokens that are ignored, as in torch. */
  static final int IGNORED = -100;

  EncoderClassifier() {}

  /** Returns the encoder. */
  public abstract Encoder encoder();

  /**
   * Returns the logits for hidden states.
   *
   * @param hidden (batch, tokens, hidden)
   * @param mask (batch, tokens), 1 at tokens and 0 at padding; null if all are tokens
   */
  protected abstract Tensor head(Tensor hidden, @Nullable Tensor mask);

  /** Returns the logits of a batch that a {@link Tokenizer} made. */
  public final Tensor forward(TokenBatch batch) {
    return forward(
        batch.inputIds(),
        batch.attentionMask(),
        encoder().takesTokenTypes() ? batch.tokenTypeIds() : null);
  }

  /** Returns the logits of texts whose tokens are all of type 0. */
  public final Tensor forward(Tensor inputIds, @Nullable Tensor attentionMask) {
    return forward(inputIds, attentionMask, null);
  }

  /**
   * Returns the logits: (batch, labels) of a {@link SequenceClassifier}, (batch, tokens, labels) of
   * a {@link TokenClassifier}. Parameters and errors are those of {@link Encoder#forward(Tensor,
   * Tensor, Tensor)}.
   */
  public Tensor forward(
      Tensor inputIds, @Nullable Tensor attentionMask, @Nullable Tensor tokenTypeIds) {
    Tensor hidden = encoder().forwardAll(inputIds, attentionMask, tokenTypeIds);
    int places = hidden.dim(1);
    Tensor logits = head(hidden, Encoder.maskOfAll(attentionMask, places));
    boolean ofTokens = logits.shape().rank() == 3;
    return ofTokens && places > inputIds.dim(1)
        ? logits.slice(1, places - inputIds.dim(1), places)
        : logits;
  }

  /** Returns the settings. */
  public final EncoderConfig config() {
    return encoder().config();
  }

  /** Returns the encoder's family. */
  @Override
  public final String modelType() {
    return encoder().modelType();
  }
}
