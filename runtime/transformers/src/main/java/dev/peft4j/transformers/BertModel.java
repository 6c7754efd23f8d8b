package dev.peft4j.transformers;

import dev.peft4j.annotation.CheckpointName;
import dev.peft4j.nn.Embedding;
import dev.peft4j.tensor.Tensor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The BERT encoder (Devlin et al. 2019), transformers' {@code BertModel}: token ids to a hidden
 * state for each token. With a pooler, {@link #pooler()} turns them into one vector per text;
 * {@link Pooling} has another way.
 */
@CheckpointName("bert")
public class BertModel extends Encoder {
  private final BertEmbeddings embeddings;
  private final BertEncoder encoder;
  private final @Nullable BertPooler pooler;

  /** Creates a new model with pooler, initialised as in transformers. */
  public BertModel(EncoderConfig config) {
    this(config, true);
  }

  /** Creates a new model with or without pooler, initialised as in transformers. */
  public BertModel(EncoderConfig config, boolean pooler) {
    this(config, pooler, Init.random(config));
  }

  /** Creates a model whose layers {@code init} makes. */
  public BertModel(EncoderConfig config, boolean pooler, Init init) {
    super(config);
    this.embeddings = new BertEmbeddings(config, init);
    this.encoder = new BertEncoder(config, init);
    this.pooler = pooler ? new BertPooler(config, init) : null;
  }

  /**
   * Returns a model whose weights are all zero, to be loaded with {@link #load}: faster than
   * drawing numbers that are replaced immediately.
   */
  public static BertModel blank(EncoderConfig config, boolean pooler) {
    return new BertModel(config, pooler, Init.zeros());
  }

  @Override
  protected Tensor embed(Tensor ids, @Nullable Tensor typeIds) {
    return embeddings.forward(ids, typeIds, this::withVirtual);
  }

  @Override
  protected Tensor encode(Tensor x, @Nullable Tensor mask, Consumer<Tensor> layerInput) {
    return encoder.forward(x, mask, layerInput);
  }

  @Override
  protected Embedding inputTable() {
    return embeddings.wordEmbeddings();
  }

  /** Returns the embeddings. */
  public BertEmbeddings embeddings() {
    return embeddings;
  }

  /** Returns the layers. */
  public BertEncoder encoder() {
    return encoder;
  }

  @Override
  public @Nullable BertPooler pooler() {
    return pooler;
  }

  /** Returns {@code bert}. */
  @Override
  public String modelType() {
    return "bert";
  }
}
