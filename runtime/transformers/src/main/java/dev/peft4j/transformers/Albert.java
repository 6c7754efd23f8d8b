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
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * ALBERT (Lan et al. 2020): BERT with embeddings of another size, and with layers that share their
 * weights. Gradients of a shared layer, and of its adapter, are the sums over its uses.
 */
@AutoService(ModelFamily.class)
public final class Albert implements ModelFamily {
  private static final String GROUPS = "num_hidden_groups";
  private static final String INNER = "inner_group_num";

  @Override
  public String modelType() {
    return "albert";
  }

  @Override
  public String classPrefix() {
    return "Albert";
  }

  @Override
  public String prefix() {
    return "albert";
  }

  @Override
  public List<String> foreignHeads() {
    return List.of("predictions.", "sop_classifier.", "qa_outputs.");
  }

  @Override
  public List<String> betweenLayers() {
    return List.of("albert.pooler");
  }

  @Override
  public EncoderConfig config(ConfigReader in, boolean head) throws FileFormatException {
    EncoderConfig.Builder b =
        EncoderConfig.builder()
            .vocabSize(30000)
            .hiddenSize(4096)
            .heads(64)
            .intermediateSize(16384)
            .activation(Activation.GELU_TANH)
            .dropout(0)
            .classifierDropout(0.1)
            .read(in.renamed(Map.of("classifier_dropout", "classifier_dropout_prob")), head)
            .embeddingSize(in.wholeNumber("embedding_size", 1, 128));
    int groups = in.wholeNumber(GROUPS, 1, 1);
    if (groups > b.layers()) {
      throw in.wrong(GROUPS, "at most the " + b.layers() + " of num_hidden_layers");
    }
    return b.own(GROUPS, groups).own(INNER, in.wholeNumber(INNER, 1, 1)).build();
  }

  @Override
  public double weights(EncoderConfig config) {
    return config.weights(config.own(GROUPS, 1) * config.own(INNER, 1));
  }

  @Override
  public AlbertModel encoder(EncoderConfig config, boolean pooler, Init init) {
    return new AlbertModel(config, pooler, init);
  }

  @Override
  public AlbertForSequenceClassification sequenceClassifier(EncoderConfig config, Init init) {
    return new AlbertForSequenceClassification(config, init);
  }

  @Override
  public AlbertForTokenClassification tokenClassifier(EncoderConfig config, Init init) {
    return new AlbertForTokenClassification(config, init);
  }

  /** The ALBERT encoder. */
  @CheckpointName("albert")
  public static final class AlbertModel extends Encoder {
    private final BertEmbeddings embeddings;
    private final AlbertTransformer encoder;

    @CheckpointName("pooler")
    private final @Nullable Linear poolerDense;

    /** Creates a model whose layers {@code init} makes. */
    public AlbertModel(EncoderConfig config, boolean pooler, Init init) {
      super(config);
      this.embeddings = new BertEmbeddings(config, init);
      this.encoder = new AlbertTransformer(config, init);
      this.poolerDense = pooler ? init.linear(config.hiddenSize(), config.hiddenSize()) : null;
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
    public AlbertTransformer encoder() {
      return encoder;
    }

    /** Returns the projection of the pooler; null if there is no pooler. */
    public @Nullable Linear poolerDense() {
      return poolerDense;
    }

    @Override
    public @Nullable Pooler pooler() {
      Linear dense = poolerDense;
      return dense == null ? null : hidden -> dense.forward(Pooling.first(hidden)).tanh();
    }

    @Override
    public String modelType() {
      return "albert";
    }
  }

  /** The projection to hidden size, and the groups of layers. */
  public static final class AlbertTransformer extends Module {
    private final Linear embeddingHiddenMappingIn;
    private final List<AlbertLayerGroup> albertLayerGroups;
    private final int layers;

    AlbertTransformer(EncoderConfig config, Init init) {
      this.embeddingHiddenMappingIn = init.linear(config.embeddingSize(), config.hiddenSize());
      this.albertLayerGroups =
          Stream.generate(() -> new AlbertLayerGroup(config, init))
              .limit(config.own(GROUPS, 1))
              .toList();
      this.layers = config.layers();
    }

    Tensor forward(Tensor x, @Nullable Tensor mask, Consumer<Tensor> layerInput) {
      Tensor h = embeddingHiddenMappingIn.forward(x);
      double each = (double) layers / albertLayerGroups.size();
      for (int i = 0; i < layers; i++) {
        h = albertLayerGroups.get((int) (i / each)).forward(h, mask, layerInput);
      }
      return h;
    }

    /** Returns the projection of the embeddings to hidden size. */
    public Linear embeddingHiddenMappingIn() {
      return embeddingHiddenMappingIn;
    }

    /** Returns the groups, each used for several layers. */
    public List<AlbertLayerGroup> albertLayerGroups() {
      return albertLayerGroups;
    }
  }

  /** Layers that follow one another wherever the group is used. */
  public static final class AlbertLayerGroup extends Module {
    private final List<AlbertLayer> albertLayers;

    AlbertLayerGroup(EncoderConfig config, Init init) {
      this.albertLayers =
          Stream.generate(() -> new AlbertLayer(config, init)).limit(config.own(INNER, 1)).toList();
    }

    Tensor forward(Tensor x, @Nullable Tensor mask, Consumer<Tensor> layerInput) {
      Tensor h = x;
      for (AlbertLayer l : albertLayers) {
        layerInput.accept(h);
        h = l.forward(h, mask);
      }
      return h;
    }

    /** Returns the layers. */
    public List<AlbertLayer> albertLayers() {
      return albertLayers;
    }
  }

  /** One layer: attention, then the feed-forward block. */
  public static final class AlbertLayer extends Module {
    private final LayerNorm fullLayerLayerNorm;
    private final AlbertAttention attention;
    private final Linear ffn;
    private final Linear ffnOutput;

    @CheckpointName("activation")
    private final @Nullable PRelu slope;

    private final Activation function;

    AlbertLayer(EncoderConfig config, Init init) {
      this.fullLayerLayerNorm = new LayerNorm(config.hiddenSize(), (float) config.layerNormEps());
      this.attention = new AlbertAttention(config, init);
      this.ffn = init.linear(config.hiddenSize(), config.intermediateSize());
      this.ffnOutput = init.linear(config.intermediateSize(), config.hiddenSize());
      this.function = config.activation();
      this.slope = function == Activation.PRELU ? new PRelu() : null;
    }

    Tensor forward(Tensor x, @Nullable Tensor mask) {
      Tensor attended = attention.forward(x, mask);
      Tensor wide = ffn.forward(attended);
      Tensor active = slope == null ? function.apply(wide) : slope.forward(wide);
      return fullLayerLayerNorm.forward(ffnOutput.forward(active).add(attended));
    }

    /** Returns the attention block. */
    public AlbertAttention attention() {
      return attention;
    }

    /** Returns the first half of the feed-forward block. */
    public Linear ffn() {
      return ffn;
    }

    /** Returns the second half of the feed-forward block. */
    public Linear ffnOutput() {
      return ffnOutput;
    }
  }

  /** Attention, its projection, and the normalisation of its sum with the input. */
  public static final class AlbertAttention extends SelfAttention {
    private final Dropout attentionDropout;
    private final Dropout outputDropout;
    private final Linear query;
    private final Linear key;
    private final Linear value;
    private final Linear dense;

    @CheckpointName("LayerNorm")
    private final LayerNorm layerNorm;

    AlbertAttention(EncoderConfig config, Init init) {
      super(config.heads());
      int hidden = config.hiddenSize();
      this.attentionDropout = new Dropout(config.attentionDropout());
      this.outputDropout = new Dropout(config.hiddenDropout());
      this.query = init.linear(hidden, hidden);
      this.key = init.linear(hidden, hidden);
      this.value = init.linear(hidden, hidden);
      this.dense = init.linear(hidden, hidden);
      this.layerNorm = new LayerNorm(hidden, (float) config.layerNormEps());
    }

    Tensor forward(Tensor x, @Nullable Tensor mask) {
      Tensor result = outputDropout.forward(dense.forward(attend(x, mask)));
      return layerNorm.forward(x.add(result));
    }

    @Override
    public Linear query() {
      return query;
    }

    @Override
    public Linear key() {
      return key;
    }

    @Override
    public Linear value() {
      return value;
    }

    @Override
    public Dropout dropout() {
      return attentionDropout;
    }

    /** Returns the projection of the result. */
    public Linear dense() {
      return dense;
    }
  }

  /** ALBERT with a classifier of whole texts. */
  public static class AlbertForSequenceClassification extends PooledClassifier<AlbertModel> {
    /** Creates a model whose layers {@code init} makes. */
    public AlbertForSequenceClassification(EncoderConfig config, Init init) {
      super(new AlbertModel(config, true, init), init);
    }

    /** Returns the encoder. */
    public AlbertModel albert() {
      return encoder();
    }
  }

  /** ALBERT with a classifier of each token. */
  public static class AlbertForTokenClassification extends LinearTokenClassifier<AlbertModel> {
    /** Creates a model whose layers {@code init} makes. */
    public AlbertForTokenClassification(EncoderConfig config, Init init) {
      super(new AlbertModel(config, false, init), init);
    }

    /** Returns the encoder. */
    public AlbertModel albert() {
      return encoder();
    }
  }
}
