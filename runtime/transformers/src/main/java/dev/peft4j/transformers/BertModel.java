package dev.peft4j.transformers;

import dev.peft4j.data.IndexException;
import dev.peft4j.nn.HasModelType;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The BERT encoder (Devlin et al. 2019), transformers' {@code BertModel}: token ids to a hidden
 * state for each token. With a pooler, {@link #pooler()} makes one vector a text of them; {@link
 * Pooling} has another way.
 */
public class BertModel extends Module implements HasModelType {
  private final BertConfig config;
  private final BertEmbeddings embeddings;
  private final BertEncoder encoder;
  private final @Nullable BertPooler pooler;

  /** A new model with pooler, its weights drawn as transformers draws them. */
  public BertModel(BertConfig config) {
    this(config, true);
  }

  /** A new model with or without pooler, its weights drawn as transformers draws them. */
  public BertModel(BertConfig config, boolean pooler) {
    this(config, pooler, BertInit.random(config));
  }

  BertModel(BertConfig config, boolean pooler, BertInit init) {
    this(config, pooler ? init : null, init);
  }

  /** A pooler may be drawn while everything else waits for a checkpoint; null for none. */
  BertModel(BertConfig config, @Nullable BertInit poolerInit, BertInit init) {
    this.config = config;
    this.embeddings = new BertEmbeddings(config, init);
    this.encoder = new BertEncoder(config, init);
    this.pooler = poolerInit == null ? null : new BertPooler(config, poolerInit);
  }

  /**
   * A model whose weights are all zero and wait for {@link #load}: quicker than drawing numbers
   * that are replaced at once.
   */
  public static BertModel blank(BertConfig config, boolean pooler) {
    return new BertModel(config, pooler, BertInit.zeros());
  }

  /** The hidden states of a batch that a {@link Tokenizer} made. */
  public Tensor forward(TokenBatch batch) {
    return forward(batch.inputIds(), batch.attentionMask(), batch.tokenTypeIds());
  }

  /** The hidden states of texts whose tokens are all of type 0. */
  public Tensor forward(Tensor inputIds, @Nullable Tensor attentionMask) {
    return forward(inputIds, attentionMask, null);
  }

  /**
   * The last hidden states (batch, tokens, hidden).
   *
   * @param inputIds integers (batch, tokens)
   * @param attentionMask like inputIds, 1 at tokens and 0 at padding; null if all are tokens
   * @param tokenTypeIds like inputIds; null if all are 0
   * @throws dev.peft4j.data.ShapeException if shapes or types do not fit, the batch is empty, or a
   *     sequence is longer than {@link BertConfig#maxPositions()}
   * @throws IndexException if an id is out of range, naming it and its place
   */
  public Tensor forward(
      Tensor inputIds, @Nullable Tensor attentionMask, @Nullable Tensor tokenTypeIds) {
    BertInput.check(config, inputIds, attentionMask, tokenTypeIds);
    Tensor mask = attentionMask == null ? null : BertInput.additive(attentionMask);
    return encoder.forward(embeddings.forward(inputIds, tokenTypeIds), mask);
  }

  /** The settings. */
  public BertConfig config() {
    return config;
  }

  /** The embeddings. */
  public BertEmbeddings embeddings() {
    return embeddings;
  }

  /** The layers. */
  public BertEncoder encoder() {
    return encoder;
  }

  /** The pooler, or null if the model has none. */
  public @Nullable BertPooler pooler() {
    return pooler;
  }

  /** {@code bert}. */
  @Override
  public String modelType() {
    return "bert";
  }
}
