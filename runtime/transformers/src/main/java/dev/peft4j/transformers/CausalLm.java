package dev.peft4j.transformers;

import dev.peft4j.data.IndexException;
import dev.peft4j.graph.ActivationCheckpointing;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.HasModelType;
import dev.peft4j.nn.KeyValueCache;
import dev.peft4j.nn.Linear;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.CallInputs;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A decoder with an output layer that predicts the next token: a causal language model. {@link
 * Transformers#causalLm} loads one from a folder.
 */
public abstract class CausalLm extends NamedParts implements HasModelType {
  private final DecoderConfig config;
  private final DecoderModel model;
  private final Linear head;

  /** Creates a model whose layers {@code init} makes. */
  protected CausalLm(DecoderConfig config, Init init) {
    this.config = config;
    DecoderStyle style = config.style();
    this.model = part(style.name(DecoderPart.BASE), new DecoderModel(config, init));
    this.head =
        part(
            style.name(DecoderPart.HEAD),
            config.tied()
                ? new Linear(
                    model.embedding().weight(),
                    style.headBias() ? init.bias(config.vocabSize()) : null)
                : init.linear(config.hiddenSize(), config.vocabSize(), style.headBias()));
  }

  /** Returns the logits of texts without padding; see {@link #forward(DecoderInput)}. */
  public final Tensor forward(Tensor inputIds) {
    return forward(DecoderInput.of(inputIds));
  }

  /** Returns the logits of a batch that a {@link Tokenizer} made. */
  public final Tensor forward(TokenBatch batch) {
    return forward(DecoderInput.of(batch));
  }

  /**
   * Returns the logits of texts.
   *
   * @param inputIds integers (batch, tokens)
   * @param attentionMask like inputIds, 1 at tokens and 0 at padding; null if all are tokens
   */
  public final Tensor forward(Tensor inputIds, @Nullable Tensor attentionMask) {
    return forward(DecoderInput.of(inputIds).withMask(attentionMask));
  }

  /**
   * Returns the logits, (batch, tokens, vocabulary): at each token those of the next one.
   *
   * @throws dev.peft4j.data.ShapeException if shapes or types do not fit, the batch is empty, or a
   *     row is longer than the table of positions
   * @throws IndexException if an id is out of range, with the id and its place
   * @throws IllegalArgumentException if the mask has another value than 0 and 1
   */
  public Tensor forward(DecoderInput input) {
    return logits(hidden(input));
  }

  /**
   * Returns the hidden states after the final norm, (batch, tokens, hidden): what {@link #logits}
   * takes. Errors are those of {@link #forward(DecoderInput)}.
   */
  public final Tensor hidden(DecoderInput input) {
    new DecoderChecks(config).check(input);
    if (input.cache() != null) {
      return model.forward(input, _ -> {}); // its tokens are not the whole text
    }
    return CallInputs.with("input_ids", input.inputIds(), () -> model.forward(input, _ -> {}));
  }

  /**
   * Returns the same with the hidden states of the virtual tokens in front that the active adapters
   * have, (batch, virtual + tokens, hidden).
   */
  public final Tensor hiddenWithVirtual(DecoderInput input) {
    new DecoderChecks(config).check(input);
    return CallInputs.with("input_ids", input.inputIds(), () -> model.forwardAll(input, _ -> {}));
  }

  /** Returns the number of tokens that the active adapters put in front of each text. */
  public final int virtualTokens() {
    return model.virtualTokens();
  }

  /**
   * Puts the virtual tokens of the active adapters in front of the rows of an empty cache, if they
   * have any; before the first tokens come into it. Generation does so by itself.
   *
   * @throws IllegalStateException if the cache has tokens already and was not prepared
   */
  public final void prime(KeyValueCache cache) {
    model.prime(cache);
  }

  /**
   * Returns the hidden states of tokens that follow those in a cache.
   *
   * @param inputIds integers (batch, tokens)
   */
  public final Tensor hidden(Tensor inputIds, KeyValueCache cache) {
    return hidden(DecoderInput.of(inputIds).withCache(cache));
  }

  /**
   * Returns the hidden states between the layers (transformers' {@code output_hidden_states}): the
   * input of each layer, and finally the result of {@link #hidden}.
   */
  public final List<Tensor> hiddenStates(DecoderInput input) {
    new DecoderChecks(config).check(input);
    List<Tensor> states = new ArrayList<>();
    states.add(model.forward(input, states::add));
    return List.copyOf(states);
  }

  /**
   * Returns the logits of hidden states.
   *
   * @param hidden (…, hidden)
   * @return (…, vocabulary)
   */
  public final Tensor logits(Tensor hidden) {
    DecoderStyle style = config.style();
    Tensor logits = head.forward(hidden);
    if (style.logitScale() != 1) {
      logits = logits.mul((float) style.logitScale());
    }
    float cap = (float) style.finalSoftcap();
    return cap == 0 ? logits : logits.div(cap).tanh().mul(cap);
  }

  /**
   * Returns the loss of next tokens: the mean over the tokens that count, NaN if there is none.
   * Logits are not kept, so memory does not grow with the vocabulary.
   *
   * @see NextTokenLoss
   */
  public final Tensor loss(CausalBatch batch) {
    return NextTokenLoss.PLAIN.of(this, batch);
  }

  /**
   * Returns whether results inside of layers are computed again in a backward pass; {@link
   * ActivationCheckpointing#AUTO} unless set.
   */
  public final ActivationCheckpointing activationCheckpointing() {
    return model.activationCheckpointing();
  }

  /** Sets whether results inside of layers are computed again in a backward pass. */
  public final void activationCheckpointing(ActivationCheckpointing value) {
    model.activationCheckpointing(value);
  }

  /** Returns the settings. */
  public final DecoderConfig config() {
    return config;
  }

  /** Returns the decoder without the output layer. */
  public final DecoderModel model() {
    return model;
  }

  /** Returns the table of tokens, whose weight is also that of a tied {@link #head}. */
  public final Embedding embedding() {
    return model.embedding();
  }

  /** Returns the output layer: hidden states to the logits of the vocabulary. */
  public final Linear head() {
    return head;
  }

  @Override
  public final Set<String> outputHeads() {
    return Set.of(config.style().name(DecoderPart.HEAD));
  }

  /** Returns the family's type, such as {@code llama}. */
  @Override
  public final String modelType() {
    return config.modelType();
  }
}
