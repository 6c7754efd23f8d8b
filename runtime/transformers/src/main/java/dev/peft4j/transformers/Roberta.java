package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.annotation.CheckpointName;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.LayerNorm;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * RoBERTa (Liu et al. 2019): BERT's layers with other positions, which begin after that of padding,
 * and a classifier of two layers.
 */
@AutoService(ModelFamily.class)
public class Roberta implements ModelFamily {
  @Override
  public String modelType() {
    return "roberta";
  }

  @Override
  public String classPrefix() {
    return "Roberta";
  }

  @Override
  public String prefix() {
    return "roberta";
  }

  @Override
  public List<String> foreignHeads() {
    return List.of("lm_head.", "qa_outputs.");
  }

  @Override
  public String outputLayer() {
    return "classifier.out_proj";
  }

  @Override
  public EncoderConfig config(ConfigReader in, boolean head) throws FileFormatException {
    return Positions.afterPadding(in, defaults().read(in, head)).build();
  }

  /** Returns transformers' defaults. */
  EncoderConfig.Builder defaults() {
    return EncoderConfig.builder().vocabSize(50265);
  }

  @Override
  public Encoder encoder(EncoderConfig config, boolean pooler, Init init) {
    return new RobertaModel(config, pooler, init);
  }

  @Override
  public SequenceClassifier sequenceClassifier(EncoderConfig config, Init init) {
    return new RobertaForSequenceClassification(config, init);
  }

  @Override
  public TokenClassifier tokenClassifier(EncoderConfig config, Init init) {
    return new RobertaForTokenClassification(config, init);
  }

  /** The RoBERTa encoder. */
  @CheckpointName("roberta")
  public static class RobertaModel extends Encoder {
    private final RobertaEmbeddings embeddings;
    private final BertEncoder encoder;
    private final @Nullable BertPooler pooler;

    /** Creates a model whose layers {@code init} makes. */
    public RobertaModel(EncoderConfig config, boolean pooler, Init init) {
      super(config);
      this.embeddings = new RobertaEmbeddings(config, init);
      this.encoder = new BertEncoder(config, init);
      this.pooler = pooler ? new BertPooler(config, init) : null;
    }

    @Override
    protected Tensor embed(Tensor ids, @Nullable Tensor typeIds) {
      return embeddings.forward(ids, typeIds, this::withVirtual);
    }

    @Override
    protected Tensor encode(Tensor x, @Nullable Tensor mask, Consumer<Tensor> layerInput) {
      return encoder.forward(x, mask, layerInput);
    }

    /**
     * Returns false: the family's tokenizers produce no types, so all tokens are of type 0, also
     * those of a second text.
     */
    @Override
    protected boolean takesTokenTypes() {
      return false;
    }

    @Override
    protected Embedding inputTable() {
      return embeddings.wordEmbeddings();
    }

    /** Returns the embeddings. */
    public RobertaEmbeddings embeddings() {
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

    @Override
    public String modelType() {
      return "roberta";
    }
  }

  /** The sum of word, type and position embeddings, normalised. */
  public static final class RobertaEmbeddings extends Module {
    private final Embedding wordEmbeddings;
    private final Embedding tokenTypeEmbeddings;

    @CheckpointName("LayerNorm")
    private final LayerNorm layerNorm;

    private final Dropout dropout;
    private final Embedding positionEmbeddings;
    private final int firstPosition;

    RobertaEmbeddings(EncoderConfig config, Init init) {
      int size = config.embeddingSize();
      int padding = Positions.padding(config);
      this.firstPosition = config.firstPosition();
      this.wordEmbeddings = init.embedding(config.vocabSize(), size, padding);
      this.tokenTypeEmbeddings = init.embedding(config.typeVocabSize(), size);
      this.layerNorm = new LayerNorm(size, (float) config.layerNormEps());
      this.dropout = new Dropout(config.hiddenDropout());
      this.positionEmbeddings = init.embedding(config.maxPositions(), size, padding);
    }

    Tensor forward(Tensor ids, @Nullable Tensor typeIds, UnaryOperator<Tensor> inputs) {
      Tensor words = inputs.apply(wordEmbeddings.forward(ids));
      Tensor types = Encoder.typesOfAll(typeIds, words.dim(1));
      Tensor positions = Positions.ofTokens(ids, firstPosition, words.dim(1));
      Tensor sum =
          words.add(tokenTypeEmbeddings.forward(types)).add(positionEmbeddings.forward(positions));
      return dropout.forward(layerNorm.forward(sum));
    }

    /** Returns the table with a row for each token of the vocabulary. */
    public Embedding wordEmbeddings() {
      return wordEmbeddings;
    }

    /** Returns the table with a row for each kind of token. */
    public Embedding tokenTypeEmbeddings() {
      return tokenTypeEmbeddings;
    }

    /** Returns the table with a row for each position. */
    public Embedding positionEmbeddings() {
      return positionEmbeddings;
    }
  }

  /** RoBERTa with a classifier of whole texts. */
  public static class RobertaForSequenceClassification extends TwoLayerClassifier<RobertaModel> {
    /** Creates a model whose layers {@code init} makes. */
    public RobertaForSequenceClassification(EncoderConfig config, Init init) {
      super(new RobertaModel(config, false, init), Activation.TANH, init);
    }

    /** Returns the encoder. */
    public RobertaModel roberta() {
      return encoder();
    }
  }

  /** RoBERTa with a classifier of each token. */
  public static class RobertaForTokenClassification extends LinearTokenClassifier<RobertaModel> {
    /** Creates a model whose layers {@code init} makes. */
    public RobertaForTokenClassification(EncoderConfig config, Init init) {
      super(new RobertaModel(config, false, init), init);
    }

    /** Returns the encoder. */
    public RobertaModel roberta() {
      return encoder();
    }
  }
}
