package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.annotation.CheckpointName;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.nn.Conv1d;
import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.LayerNorm;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * DeBERTa-v2 and -v3 (He et al. 2021): BERT's layers with an attention in which the distances of
 * tokens have embeddings, and in some models a convolution after the first layer.
 */
@AutoService(ModelFamily.class)
public final class DebertaV2 implements ModelFamily {
  @Override
  public String modelType() {
    return "deberta-v2";
  }

  @Override
  public String classPrefix() {
    return "DebertaV2";
  }

  @Override
  public String prefix() {
    return "deberta";
  }

  @Override
  public List<String> parts() {
    return List.of("embeddings", "encoder");
  }

  @Override
  public List<String> foreignHeads() {
    return List.of("cls.", "lm_predictions.", "mask_predictions.", "qa_outputs.");
  }

  @Override
  public List<String> ignored() {
    return List.of("deberta.embeddings.position_embeddings.");
  }

  @Override
  public List<String> betweenLayers() {
    return List.of("pooler");
  }

  @Override
  public List<String> attentionTargets() {
    return List.of("query_proj", "value_proj");
  }

  @Override
  public EncoderConfig config(ConfigReader in, boolean head) throws FileFormatException {
    EncoderConfig.Builder b =
        EncoderConfig.builder()
            .vocabSize(128100)
            .hiddenSize(1536)
            .layers(24)
            .heads(24)
            .intermediateSize(6144)
            .typeVocabSize(0)
            .layerNormEps(1e-7)
            .read(in.renamed(Map.of("classifier_dropout", "cls_dropout")), head)
            .typeVocabSize(in.wholeNumber("type_vocab_size", 0, 0));
    return b.embeddingSize(in.wholeNumber("embedding_size", 1, b.hiddenSize()))
        .own(DebertaV2Settings.KEY, DebertaV2Settings.read(in, b))
        .build();
  }

  @Override
  public DebertaV2Model encoder(EncoderConfig config, boolean pooler, Init init) {
    return new DebertaV2Model(config, init);
  }

  @Override
  public DebertaV2ForSequenceClassification sequenceClassifier(EncoderConfig config, Init init) {
    return new DebertaV2ForSequenceClassification(config, init);
  }

  @Override
  public DebertaV2ForTokenClassification tokenClassifier(EncoderConfig config, Init init) {
    return new DebertaV2ForTokenClassification(config, init);
  }

  /** The DeBERTa encoder. */
  @CheckpointName("deberta")
  public static final class DebertaV2Model extends Encoder {
    private final DebertaV2Embeddings embeddings;
    private final DebertaV2Encoder encoder;

    /** Creates a model whose layers {@code init} makes. */
    public DebertaV2Model(EncoderConfig config, Init init) {
      super(config);
      this.embeddings = new DebertaV2Embeddings(config, init);
      this.encoder = new DebertaV2Encoder(config, init);
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
    public DebertaV2Embeddings embeddings() {
      return embeddings;
    }

    /** Returns the layers. */
    public DebertaV2Encoder encoder() {
      return encoder;
    }

    @Override
    public String modelType() {
      return "deberta-v2";
    }
  }

  /** The sum of word embeddings and, where there are such, of positions and types, normalised. */
  public static final class DebertaV2Embeddings extends Module {
    private final Embedding wordEmbeddings;
    private final @Nullable Embedding positionEmbeddings;
    private final @Nullable Embedding tokenTypeEmbeddings;
    private final @Nullable Linear embedProj;

    @CheckpointName("LayerNorm")
    private final LayerNorm layerNorm;

    private final Dropout dropout;

    DebertaV2Embeddings(EncoderConfig config, Init init) {
      int size = config.embeddingSize();
      int hidden = config.hiddenSize();
      int types = config.typeVocabSize();
      boolean positions = DebertaV2Settings.of(config).positions();
      this.wordEmbeddings = init.embedding(config.vocabSize(), size, 0);
      this.positionEmbeddings = positions ? init.embedding(config.maxPositions(), size) : null;
      this.tokenTypeEmbeddings = types > 0 ? init.embedding(types, size) : null;
      this.embedProj = size == hidden ? null : init.linear(size, hidden, false);
      this.layerNorm = new LayerNorm(hidden, (float) config.layerNormEps());
      this.dropout = new Dropout(config.hiddenDropout());
    }

    Tensor forward(Tensor ids, @Nullable Tensor typeIds, UnaryOperator<Tensor> inputs) {
      Tensor x = inputs.apply(wordEmbeddings.forward(ids));
      int tokens = x.dim(1);
      if (positionEmbeddings != null) {
        x = x.add(positionEmbeddings.forward(Positions.ofPlaces(tokens)));
      }
      if (tokenTypeEmbeddings != null) {
        Tensor types = Encoder.typesOfAll(typeIds, tokens);
        x = x.add(tokenTypeEmbeddings.forward(types));
      }
      Tensor projected = embedProj == null ? x : embedProj.forward(x);
      return dropout.forward(layerNorm.forward(projected));
    }

    /** Returns the table with a row for each token of the vocabulary. */
    public Embedding wordEmbeddings() {
      return wordEmbeddings;
    }
  }

  /** The layers, and what they share: the embeddings of distances. */
  public static final class DebertaV2Encoder extends Module {
    private final List<DebertaV2Layer> layer;
    private final @Nullable Embedding relEmbeddings;

    @CheckpointName("LayerNorm")
    private final @Nullable LayerNorm layerNorm;

    private final @Nullable ConvLayer conv;
    private final DebertaV2Settings settings;

    DebertaV2Encoder(EncoderConfig config, Init init) {
      this.settings = DebertaV2Settings.of(config);
      int hidden = config.hiddenSize();
      this.layer =
          Stream.generate(() -> new DebertaV2Layer(config, init)).limit(config.layers()).toList();
      this.relEmbeddings = settings.relative() ? init.embedding(2 * settings.span(), hidden) : null;
      this.layerNorm =
          settings.normalised() ? new LayerNorm(hidden, (float) config.layerNormEps()) : null;
      this.conv = settings.kernel() > 0 ? new ConvLayer(config, init) : null;
    }

    Tensor forward(Tensor x, @Nullable Tensor added, Consumer<Tensor> layerInput) {
      // Padding is 0 everywhere, and sees nothing.
      Tensor tokens = added == null ? null : added.eq(0); // (batch, 1, 1, tokens)
      Tensor rows = tokens == null ? null : tokens.reshape(x.dim(0), x.dim(1), 1);
      Tensor mask =
          tokens == null ? null : tokens.mul(tokens.transpose(2, 3)).sub(1).mul(Float.MAX_VALUE);
      DebertaV2Attention.Distances distances = distances(x.dim(1));
      Tensor start = rows == null ? x : x.mul(rows);
      Tensor h = start;
      for (int i = 0; i < layer.size(); i++) {
        layerInput.accept(h);
        h = layer.get(i).forward(h, mask, distances);
        if (i == 0 && conv != null) {
          h = conv.forward(start, h, rows);
        }
      }
      return h;
    }

    private DebertaV2Attention.@Nullable Distances distances(int tokens) {
      if (relEmbeddings == null) {
        return null;
      }
      Tensor all = relEmbeddings.forward(Tensor.arange(2 * settings.span()));
      Tensor normalised = layerNorm == null ? all : layerNorm.forward(all);
      return DebertaV2Attention.Distances.of(normalised, tokens, settings);
    }

    /** Returns the layers, first one first. */
    public List<DebertaV2Layer> layer() {
      return layer;
    }

    /** Returns the table with a row for each distance; null if attention does not depend on it. */
    public @Nullable Embedding relEmbeddings() {
      return relEmbeddings;
    }
  }

  /** One layer: attention, then the feed-forward block. */
  public static final class DebertaV2Layer extends Module {
    private final AttentionBlock attention;
    private final BertIntermediate intermediate;
    private final BertOutput output;

    DebertaV2Layer(EncoderConfig config, Init init) {
      this.attention = new AttentionBlock(config, init);
      this.intermediate = new BertIntermediate(config, init);
      this.output = new BertOutput(config.intermediateSize(), config, init);
    }

    Tensor forward(
        Tensor x, @Nullable Tensor mask, DebertaV2Attention.@Nullable Distances distances) {
      Tensor attended = attention.forward(x, mask, distances);
      return output.forward(intermediate.forward(attended), attended);
    }

    /** Returns the attention block. */
    public AttentionBlock attention() {
      return attention;
    }

    /** Returns the first half of the feed-forward block. */
    public BertIntermediate intermediate() {
      return intermediate;
    }

    /** Returns the second half of the feed-forward block. */
    public BertOutput output() {
      return output;
    }
  }

  /** The attention block of a layer. */
  public static final class AttentionBlock extends Module {
    private final DebertaV2Attention self;
    private final BertOutput output;

    AttentionBlock(EncoderConfig config, Init init) {
      this.self = new DebertaV2Attention(config, init);
      this.output = new BertOutput(config.hiddenSize(), config, init);
    }

    Tensor forward(
        Tensor x, @Nullable Tensor mask, DebertaV2Attention.@Nullable Distances distances) {
      return output.forward(self.forward(x, mask, distances), x);
    }

    /** Returns the attention itself. */
    public DebertaV2Attention self() {
      return self;
    }

    /** Returns the projection and normalisation. */
    public BertOutput output() {
      return output;
    }
  }

  /** A convolution over the embeddings, added to the result of the first layer. */
  public static final class ConvLayer extends Module {
    private final Conv1d conv;

    @CheckpointName("LayerNorm")
    private final LayerNorm layerNorm;

    private final Dropout dropout;
    private final Activation activation;

    ConvLayer(EncoderConfig config, Init init) {
      DebertaV2Settings settings = DebertaV2Settings.of(config);
      int hidden = config.hiddenSize();
      this.conv = init.conv1d(hidden, hidden, settings.kernel());
      this.layerNorm = new LayerNorm(hidden, (float) config.layerNormEps());
      this.dropout = new Dropout(config.hiddenDropout());
      this.activation = settings.kernelActivation();
    }

    /**
     * Returns the normalised sum, (batch, tokens, hidden).
     *
     * @param rows (batch, tokens, 1), 1 at tokens and 0 at padding; null if all are tokens
     */
    Tensor forward(Tensor embeddings, Tensor result, @Nullable Tensor rows) {
      Tensor wide = conv.forward(embeddings.transpose(1, 2)).transpose(1, 2);
      Tensor masked = rows == null ? wide : wide.mul(rows);
      Tensor sum = result.add(activation.apply(dropout.forward(masked)));
      Tensor normalised = layerNorm.forward(sum);
      return rows == null ? normalised : normalised.mul(rows);
    }
  }

  /** The pooler of a classifier of texts, which projects the first token's state. */
  public static final class ContextPooler extends Module {
    private final Linear dense;
    private final Dropout dropout;
    private final Activation activation;

    ContextPooler(EncoderConfig config, Init init) {
      DebertaV2Settings settings = DebertaV2Settings.of(config);
      this.dense = init.linear(config.hiddenSize(), config.hiddenSize());
      this.dropout = new Dropout(settings.poolerDropout());
      this.activation = settings.poolerActivation();
    }

    Tensor forward(Tensor hidden) {
      return activation.apply(dense.forward(dropout.forward(Pooling.first(hidden))));
    }

    /** Returns the projection. */
    public Linear dense() {
      return dense;
    }
  }

  /** DeBERTa with a classifier of whole texts. */
  public static class DebertaV2ForSequenceClassification extends SequenceClassifier {
    private final DebertaV2Model deberta;
    private final ContextPooler pooler;
    private final Linear classifier;
    private final Dropout dropout;

    /** Creates a model whose layers {@code init} makes. */
    public DebertaV2ForSequenceClassification(EncoderConfig config, Init init) {
      this.deberta = new DebertaV2Model(config, init);
      this.pooler = new ContextPooler(config, init);
      this.classifier = init.linear(config.hiddenSize(), config.numLabels());
      this.dropout = new Dropout(config.dropoutOfClassifier());
    }

    @Override
    protected Tensor head(Tensor hidden, @Nullable Tensor mask) {
      return classifier.forward(dropout.forward(pooler.forward(hidden)));
    }

    /** Returns the cross-entropy of distributions over the labels, as in transformers. */
    @Override
    protected Tensor lossOfNumbers(Tensor logits, Tensor target) {
      return logits.logSoftmax(-1).mul(target).sum(1).mean().neg();
    }

    @Override
    public DebertaV2Model encoder() {
      return deberta;
    }

    /** Returns the encoder. */
    public DebertaV2Model deberta() {
      return deberta;
    }

    /** Returns the layer before the classifier. */
    public ContextPooler pooler() {
      return pooler;
    }

    /** Returns the classifier. */
    public Linear classifier() {
      return classifier;
    }
  }

  /** DeBERTa with a classifier of each token. */
  public static class DebertaV2ForTokenClassification
      extends LinearTokenClassifier<DebertaV2Model> {
    /** Creates a model whose layers {@code init} makes. */
    public DebertaV2ForTokenClassification(EncoderConfig config, Init init) {
      super(new DebertaV2Model(config, init), config.hiddenDropout(), init);
    }

    /** Returns the encoder. */
    public DebertaV2Model deberta() {
      return encoder();
    }
  }
}
