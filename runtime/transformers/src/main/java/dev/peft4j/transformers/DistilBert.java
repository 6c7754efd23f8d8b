package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.annotation.CheckpointName;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.LayerNorm;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.PRelu;
import dev.peft4j.nn.SelfAttention;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * DistilBERT (Sanh et al. 2019): a smaller BERT without token types and pooler, with its own names.
 */
@AutoService(ModelFamily.class)
public final class DistilBert implements ModelFamily {
  private static final Map<String, String> NAMES =
      Map.of(
          "hidden_size", "dim",
          "num_hidden_layers", "n_layers",
          "num_attention_heads", "n_heads",
          "intermediate_size", "hidden_dim",
          "hidden_act", "activation",
          "hidden_dropout_prob", "dropout",
          "attention_probs_dropout_prob", "attention_dropout",
          "classifier_dropout", "seq_classif_dropout");

  @Override
  public String modelType() {
    return "distilbert";
  }

  @Override
  public String classPrefix() {
    return "DistilBert";
  }

  @Override
  public String prefix() {
    return "distilbert";
  }

  @Override
  public List<String> parts() {
    return List.of("embeddings", "transformer");
  }

  @Override
  public List<String> foreignHeads() {
    return List.of("vocab_transform.", "vocab_layer_norm.", "vocab_projector.", "qa_outputs.");
  }

  @Override
  public List<String> betweenLayers() {
    return List.of("pre_classifier");
  }

  @Override
  public List<String> attentionTargets() {
    return List.of("q_lin", "v_lin");
  }

  @Override
  public EncoderConfig config(ConfigReader in, boolean head) throws FileFormatException {
    return EncoderConfig.builder()
        .layers(6)
        .typeVocabSize(0)
        .classifierDropout(0.2)
        .read(in.renamed(NAMES), head)
        .layerNormEps(1e-12) // a constant in transformers
        .build();
  }

  @Override
  public DistilBertModel encoder(EncoderConfig config, boolean pooler, Init init) {
    return new DistilBertModel(config, init);
  }

  @Override
  public DistilBertForSequenceClassification sequenceClassifier(EncoderConfig config, Init init) {
    return new DistilBertForSequenceClassification(config, init);
  }

  @Override
  public DistilBertForTokenClassification tokenClassifier(EncoderConfig config, Init init) {
    return new DistilBertForTokenClassification(config, init);
  }

  /** The DistilBERT encoder. */
  @CheckpointName("distilbert")
  public static final class DistilBertModel extends Encoder {
    private final Embeddings embeddings;
    private final Transformer transformer;

    /** Creates a model whose layers {@code init} makes. */
    public DistilBertModel(EncoderConfig config, Init init) {
      super(config);
      this.embeddings = new Embeddings(config, init);
      this.transformer = new Transformer(config, init);
    }

    @Override
    protected Tensor embed(Tensor ids, @Nullable Tensor typeIds) {
      return embeddings.forward(ids, this::withVirtual);
    }

    @Override
    protected Tensor encode(Tensor x, @Nullable Tensor mask, Consumer<Tensor> layerInput) {
      return transformer.forward(x, mask, layerInput);
    }

    @Override
    protected Embedding inputTable() {
      return embeddings.wordEmbeddings();
    }

    /** Returns the embeddings. */
    public Embeddings embeddings() {
      return embeddings;
    }

    /** Returns the layers. */
    public Transformer transformer() {
      return transformer;
    }

    @Override
    public String modelType() {
      return "distilbert";
    }
  }

  /** The sum of word and position embeddings, normalised. */
  public static final class Embeddings extends Module {
    private final Embedding wordEmbeddings;
    private final Embedding positionEmbeddings;

    @CheckpointName("LayerNorm")
    private final LayerNorm layerNorm;

    private final Dropout dropout;

    Embeddings(EncoderConfig config, Init init) {
      int size = config.hiddenSize();
      this.wordEmbeddings = init.embedding(config.vocabSize(), size, 0);
      this.positionEmbeddings = init.embedding(config.maxPositions(), size);
      this.layerNorm = new LayerNorm(size, (float) config.layerNormEps());
      this.dropout = new Dropout(config.hiddenDropout());
    }

    Tensor forward(Tensor ids, UnaryOperator<Tensor> inputs) {
      Tensor words = inputs.apply(wordEmbeddings.forward(ids));
      Tensor positions = positionEmbeddings.forward(Positions.ofPlaces(words.dim(1)));
      return dropout.forward(layerNorm.forward(words.add(positions)));
    }

    /** Returns the table with a row for each token of the vocabulary. */
    public Embedding wordEmbeddings() {
      return wordEmbeddings;
    }

    /** Returns the table with a row for each position. */
    public Embedding positionEmbeddings() {
      return positionEmbeddings;
    }
  }

  /** The layers, one after another. */
  public static final class Transformer extends Module {
    private final List<TransformerBlock> layer;

    Transformer(EncoderConfig config, Init init) {
      this.layer =
          Stream.generate(() -> new TransformerBlock(config, init)).limit(config.layers()).toList();
    }

    Tensor forward(Tensor x, @Nullable Tensor mask, Consumer<Tensor> layerInput) {
      Tensor h = x;
      for (TransformerBlock block : layer) {
        layerInput.accept(h);
        h = block.forward(h, mask);
      }
      return h;
    }

    /** Returns the layers, first one first. */
    public List<TransformerBlock> layer() {
      return layer;
    }
  }

  /** One layer: attention, then the feed-forward block. */
  public static final class TransformerBlock extends Module {
    private final DistilBertSelfAttention attention;
    private final LayerNorm saLayerNorm;
    private final Ffn ffn;
    private final LayerNorm outputLayerNorm;

    TransformerBlock(EncoderConfig config, Init init) {
      this.attention = new DistilBertSelfAttention(config, init);
      this.saLayerNorm = new LayerNorm(config.hiddenSize(), (float) config.layerNormEps());
      this.ffn = new Ffn(config, init);
      this.outputLayerNorm = new LayerNorm(config.hiddenSize(), (float) config.layerNormEps());
    }

    Tensor forward(Tensor x, @Nullable Tensor mask) {
      Tensor attended = saLayerNorm.forward(attention.forward(x, mask).add(x));
      return outputLayerNorm.forward(ffn.forward(attended).add(attended));
    }

    /** Returns the attention. */
    public DistilBertSelfAttention attention() {
      return attention;
    }

    /** Returns the feed-forward block. */
    public Ffn ffn() {
      return ffn;
    }
  }

  /** Attention with the projection that follows. */
  public static final class DistilBertSelfAttention extends SelfAttention {
    private final Linear qLin;
    private final Linear kLin;
    private final Linear vLin;
    private final Linear outLin;
    private final Dropout dropout;

    DistilBertSelfAttention(EncoderConfig config, Init init) {
      super(config.heads());
      int hidden = config.hiddenSize();
      this.qLin = init.linear(hidden, hidden);
      this.kLin = init.linear(hidden, hidden);
      this.vLin = init.linear(hidden, hidden);
      this.outLin = init.linear(hidden, hidden);
      this.dropout = new Dropout(config.attentionDropout());
    }

    Tensor forward(Tensor x, @Nullable Tensor mask) {
      return outLin.forward(attend(x, mask));
    }

    @Override
    public Linear query() {
      return qLin;
    }

    @Override
    public Linear key() {
      return kLin;
    }

    @Override
    public Linear value() {
      return vLin;
    }

    @Override
    public Dropout dropout() {
      return dropout;
    }

    /** Returns the projection to queries. */
    public Linear qLin() {
      return qLin;
    }

    /** Returns the projection to keys. */
    public Linear kLin() {
      return kLin;
    }

    /** Returns the projection to values. */
    public Linear vLin() {
      return vLin;
    }

    /** Returns the projection that follows. */
    public Linear outLin() {
      return outLin;
    }
  }

  /** The feed-forward block. */
  public static final class Ffn extends Module {
    private final Dropout dropout;
    private final Linear lin1;
    private final Linear lin2;
    private final Activation activation;

    @CheckpointName("activation")
    private final @Nullable PRelu slope;

    Ffn(EncoderConfig config, Init init) {
      this.dropout = new Dropout(config.hiddenDropout());
      this.lin1 = init.linear(config.hiddenSize(), config.intermediateSize());
      this.lin2 = init.linear(config.intermediateSize(), config.hiddenSize());
      this.activation = config.activation();
      this.slope = activation == Activation.PRELU ? new PRelu() : null;
    }

    Tensor forward(Tensor x) {
      Tensor wide = lin1.forward(x);
      Tensor active = slope == null ? activation.apply(wide) : slope.forward(wide);
      return dropout.forward(lin2.forward(active));
    }

    /** Returns the projection to intermediate size. */
    public Linear lin1() {
      return lin1;
    }

    /** Returns the projection back to hidden size. */
    public Linear lin2() {
      return lin2;
    }
  }

  /** DistilBERT with a classifier of whole texts. */
  public static class DistilBertForSequenceClassification extends SequenceClassifier {
    private final DistilBertModel distilbert;
    private final Linear preClassifier;
    private final Linear classifier;
    private final Dropout dropout;

    /** Creates a model whose layers {@code init} makes. */
    public DistilBertForSequenceClassification(EncoderConfig config, Init init) {
      this.distilbert = new DistilBertModel(config, init);
      this.preClassifier = init.linear(config.hiddenSize(), config.hiddenSize());
      this.classifier = init.linear(config.hiddenSize(), config.numLabels());
      this.dropout = new Dropout(config.dropoutOfClassifier());
    }

    @Override
    protected Tensor head(Tensor hidden, @Nullable Tensor mask) {
      Tensor first = preClassifier.forward(Pooling.first(hidden)).relu();
      return classifier.forward(dropout.forward(first));
    }

    @Override
    public DistilBertModel encoder() {
      return distilbert;
    }

    /** Returns the encoder. */
    public DistilBertModel distilbert() {
      return distilbert;
    }

    /** Returns the layer before the classifier. */
    public Linear preClassifier() {
      return preClassifier;
    }

    /** Returns the classifier. */
    public Linear classifier() {
      return classifier;
    }
  }

  /** DistilBERT with a classifier of each token. */
  public static class DistilBertForTokenClassification
      extends LinearTokenClassifier<DistilBertModel> {
    /** Creates a model whose layers {@code init} makes. */
    public DistilBertForTokenClassification(EncoderConfig config, Init init) {
      super(new DistilBertModel(config, init), init);
    }

    /** Returns the encoder. */
    public DistilBertModel distilbert() {
      return encoder();
    }
  }
}
