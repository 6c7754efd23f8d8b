package dev.peft4j.transformers;

import dev.peft4j.data.IndexException;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.HasModelType;
import dev.peft4j.nn.HasSlots;
import dev.peft4j.nn.ModelSlot;
import dev.peft4j.nn.ModelSlots;
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
public abstract class Encoder extends Module implements HasModelType, HasSlots {
  private final EncoderConfig config;
  private final ModelSlots slots;

  /** Creates an encoder with these settings. */
  protected Encoder(EncoderConfig config) {
    this.config = config;
    this.slots =
        new ModelSlots(
            this,
            new ModelSlots.Sizes(
                modelType(),
                config.vocabSize(),
                config.layers(),
                config.embeddingSize(),
                config.heads(),
                config.heads(),
                config.hiddenSize() / config.heads()),
            ids -> inputTable().forward(ids));
    slots.add(ModelSlot.Kind.INPUTS);
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
    return text(inputIds, forward(inputIds, attentionMask, tokenTypeIds, _ -> {}));
  }

  /** Returns the same with the states of the virtual tokens in front that adapters have. */
  Tensor forwardAll(Tensor ids, @Nullable Tensor mask, @Nullable Tensor types) {
    return forward(ids, mask, types, _ -> {});
  }

  private static Tensor text(Tensor ids, Tensor all) {
    int tokens = ids.dim(1);
    return all.dim(1) == tokens ? all : all.slice(1, all.dim(1) - tokens, all.dim(1));
  }

  /** Returns the mask of a text with virtual tokens in front; all of them are seen. */
  static @Nullable Tensor maskOfAll(@Nullable Tensor mask, int places) {
    if (mask == null || mask.dim(1) == places) {
      return mask;
    }
    Tensor virtual = Tensor.ones(mask.dim(0), places - mask.dim(1));
    return Tensor.concat(1, virtual, mask.toFloat());
  }

  /** Returns the token types of a text with virtual tokens in front, which are of type 0. */
  static Tensor typesOfAll(@Nullable Tensor types, int places) {
    if (types == null) {
      return Tensor.of(new long[1], 1, 1); // a single row, broadcast over the batch
    }
    if (types.dim(1) == places) {
      return types;
    }
    int rows = types.dim(0);
    int virtual = places - types.dim(1);
    long[] given = types.toLongs();
    long[] all = new long[rows * places];
    for (int b = 0; b < rows; b++) {
      System.arraycopy(given, b * types.dim(1), all, b * places + virtual, types.dim(1));
    }
    return Tensor.of(all, rows, places);
  }

  /**
   * Returns the embeddings of words, with the virtual tokens in front that adapters have; a family
   * calls it where they come in.
   *
   * @throws MaxLengthException if there are more tokens than positions then
   */
  protected final Tensor withVirtual(Tensor words) {
    Tensor all = slots.only(ModelSlot.Kind.INPUTS).apply(words, x -> x);
    if (all.dim(1) > words.dim(1) && all.dim(1) > config.maxTokens()) {
      throw new InputChecks(modelType())
          .tooLong(all.dim(1), config.maxTokens(), config.maxPositions());
    }
    return all;
  }

  /** Returns the table of tokens. */
  protected abstract Embedding inputTable();

  @Override
  public ModelSlots slots() {
    return slots;
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
    return states.stream().map(s -> text(inputIds, s)).toList();
  }

  private Tensor forward(
      Tensor ids, @Nullable Tensor mask, @Nullable Tensor types, Consumer<Tensor> layerInput) {
    new EncoderInput(modelType(), config).check(ids, mask, types);
    Tensor x = embed(ids, types);
    Tensor whole = maskOfAll(mask, x.dim(1));
    return encode(x, whole == null ? null : EncoderInput.additive(whole), layerInput);
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
