package dev.peft4j.transformers;

import dev.peft4j.data.IndexException;
import dev.peft4j.nn.HasModelType;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An encoder of some family: token ids to a hidden state for each token. {@link
 * Transformers#encoder} loads one from a folder; {@link Pooling} turns the hidden states into one
 * vector per text.
 */
public abstract class Encoder extends Module implements HasModelType {
  private final EncoderConfig config;

  /** Creates an encoder with these settings. */
  protected Encoder(EncoderConfig config) {
    this.config = config;
  }

  /** Returns the hidden states of a batch that a {@link Tokenizer} made. */
  public final Tensor forward(TokenBatch batch) {
    return forward(
        batch.inputIds(), batch.attentionMask(), takesTokenTypes() ? batch.tokenTypeIds() : null);
  }

  /** Returns the hidden states of texts whose tokens are all of type 0. */
  public final Tensor forward(Tensor inputIds, @Nullable Tensor attentionMask) {
    return forward(inputIds, attentionMask, null);
  }

  /**
   * Returns the last hidden states (batch, tokens, hidden).
   *
   * @param inputIds integers (batch, tokens)
   * @param attentionMask like inputIds, 1 at tokens and 0 at padding; null if all are tokens
   * @param tokenTypeIds like inputIds; null if all are 0, or the family has none
   * @throws dev.peft4j.data.ShapeException if shapes or types do not fit, the batch is empty, or a
   *     sequence is longer than {@link EncoderConfig#maxTokens()}
   * @throws IndexException if an id is out of range, with the id and its position
   * @throws IllegalArgumentException if the mask has another value than 0 and 1, or the family has
   *     no token types and some are given
   */
  public Tensor forward(
      Tensor inputIds, @Nullable Tensor attentionMask, @Nullable Tensor tokenTypeIds) {
    return forward(inputIds, attentionMask, tokenTypeIds, _ -> {});
  }

  /**
   * Returns the hidden states between the layers (transformers' {@code output_hidden_states}): the
   * input of each layer, and finally the result of {@link #forward(Tensor, Tensor, Tensor)}.
   * Parameters and errors are those of that method.
   */
  public List<Tensor> hiddenStates(
      Tensor inputIds, @Nullable Tensor attentionMask, @Nullable Tensor tokenTypeIds) {
    List<Tensor> states = new ArrayList<>();
    states.add(forward(inputIds, attentionMask, tokenTypeIds, states::add));
    return List.copyOf(states);
  }

  private Tensor forward(
      Tensor ids, @Nullable Tensor mask, @Nullable Tensor types, Consumer<Tensor> layerInput) {
    new EncoderInput(modelType(), config).check(ids, mask, types);
    Tensor additive = mask == null ? null : EncoderInput.additive(mask);
    return encode(embed(ids, types), additive, layerInput);
  }

  /**
   * Returns the embeddings of tokens, (batch, tokens, hidden).
   *
   * @param ids integers (batch, tokens), checked
   * @param typeIds like ids, or null
   */
  protected abstract Tensor embed(Tensor ids, @Nullable Tensor typeIds);

  /**
   * Returns the result of the layers for embeddings, (batch, tokens, hidden).
   *
   * @param x (batch, tokens, hidden)
   * @param mask the mask that is added to the attention's scores, (batch, 1, 1, tokens), or null
   * @param layerInput receives the input of each layer
   */
  protected abstract Tensor encode(Tensor x, @Nullable Tensor mask, Consumer<Tensor> layerInput);

  /**
   * Returns whether the family's tokenizers produce token type ids, so that those of a {@link
   * TokenBatch} are used; true if the model has such embeddings.
   */
  protected boolean takesTokenTypes() {
    return config.typeVocabSize() > 0;
  }

  /** Returns the settings. */
  public final EncoderConfig config() {
    return config;
  }

  /** Returns the pooler, or null if the model has none. */
  public @Nullable Pooler pooler() {
    return null;
  }
}
