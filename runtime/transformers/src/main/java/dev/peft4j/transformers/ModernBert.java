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
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * ModernBERT (Warner et al. 2024): norms before the blocks, rotary positions, gated feed-forward
 * blocks, and layers in which a token sees only its neighbours between those in which it sees all.
 */
@AutoService(ModelFamily.class)
public final class ModernBert implements ModelFamily {
  private static final Map<String, String> NAMES =
      Map.of(
          "hidden_act", "hidden_activation",
          "layer_norm_eps", "norm_eps",
          "hidden_dropout_prob", "embedding_dropout",
          "attention_probs_dropout_prob", "attention_dropout");

  @Override
  public String modelType() {
    return "modernbert";
  }

  @Override
  public String classPrefix() {
    return "ModernBert";
  }

  @Override
  public String prefix() {
    return "model";
  }

  @Override
  public List<String> parts() {
    return List.of("embeddings", "layers", "final_norm");
  }

  @Override
  public List<String> foreignHeads() {
    return List.of("decoder.", "qa_outputs.");
  }

  @Override
  public List<String> betweenLayers() {
    return List.of("head");
  }

  @Override
  public List<String> attentionTargets() {
    return List.of("Wqkv");
  }

  @Override
  public EncoderConfig config(ConfigReader in, boolean head) throws FileFormatException {
    EncoderConfig.Builder b =
        EncoderConfig.builder()
            .vocabSize(50368)
            .layers(22)
            .intermediateSize(1152)
            .dropout(0)
            .maxPositions(8192)
            .typeVocabSize(0)
            .layerNormEps(1e-5)
            .read(in.renamed(NAMES), head);
    return b.own(ModernBertSettings.KEY, ModernBertSettings.read(in, b.layers(), head)).build();
  }

  @Override
  public Init init(String layer, EncoderConfig config) {
    Init random = Init.random(config);
    if (layer.equals("classifier")) {
      return ofClassifier(random, config);
    }
    return layer.endsWith(".Wo") || layer.equals("head.dense")
        ? ofOutputs(random, config)
        : ofInputs(random, config);
  }

  private static Init ofInputs(Init init, EncoderConfig config) {
    return init.truncated(config.initializerRange(), ModernBertSettings.of(config).cutoff());
  }

  private static Init ofOutputs(Init init, EncoderConfig config) {
    return init.truncated(
        config.initializerRange() / Math.sqrt(2.0 * config.layers()),
        ModernBertSettings.of(config).cutoff());
  }

  private static Init ofClassifier(Init init, EncoderConfig config) {
    return init.truncated(
        1 / Math.sqrt(config.hiddenSize()), ModernBertSettings.of(config).cutoff());
  }

  private static LayerNorm norm(EncoderConfig config) {
    return new LayerNorm(
        config.hiddenSize(),
        (float) config.layerNormEps(),
        ModernBertSettings.of(config).normBias());
  }

  /** Returns the table of angles of all positions. */
  private static Tensor rotary(int tokens, int size, double theta) {
    float[] frequencies = new float[size / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = 1 / (float) Math.pow(theta, (float) (2 * i) / size); // float, as in torch
    }
    return Tensor.rotaryTable(Tensor.arange(tokens), Tensor.of(frequencies, size / 2), 1);
  }

  @Override
  public ModernBertModel encoder(EncoderConfig config, boolean pooler, Init init) {
    return new ModernBertModel(config, init);
  }

  @Override
  public ModernBertForSequenceClassification sequenceClassifier(EncoderConfig config, Init init) {
    return new ModernBertForSequenceClassification(config, init);
  }

  @Override
  public ModernBertForTokenClassification tokenClassifier(EncoderConfig config, Init init) {
    return new ModernBertForTokenClassification(config, init);
  }

  /** The ModernBERT encoder. */
  @CheckpointName("model")
  public static final class ModernBertModel extends Encoder {
    private final ModernBertEmbeddings embeddings;
    private final List<ModernBertEncoderLayer> layers;
    private final LayerNorm finalNorm;
    private final ModernBertSettings settings;

    /** Creates a model whose layers {@code init} makes. */
    public ModernBertModel(EncoderConfig config, Init init) {
      super(config);
      this.settings = ModernBertSettings.of(config);
      this.embeddings = new ModernBertEmbeddings(config, init);
      this.layers =
          IntStream.range(0, config.layers())
              .mapToObj(i -> new ModernBertEncoderLayer(config, i, init))
              .toList();
      this.finalNorm = norm(config);
    }

    @Override
    protected Tensor embed(Tensor ids, @Nullable Tensor typeIds) {
      return embeddings.forward(ids, this::withVirtual);
    }

    @Override
    protected Tensor encode(Tensor x, @Nullable Tensor mask, Consumer<Tensor> layerInput) {
      int tokens = x.dim(1);
      int size = config().hiddenSize() / config().heads();
      Tensor global = rotary(tokens, size, settings.globalTheta());
      Tensor local = rotary(tokens, size, settings.localTheta());
      int window = settings.localAttention() / 2 + 1;
      NearTokens near = NearTokens.of(window, mask);
      Tensor h = x;
      for (int i = 0; i < layers.size(); i++) {
        layerInput.accept(h);
        boolean full = settings.full(i);
        h = layers.get(i).forward(h, mask, full ? NearTokens.ALL : near, full ? global : local);
      }
      return finalNorm.forward(h);
    }

    @Override
    protected Embedding inputTable() {
      return embeddings.tokEmbeddings();
    }

    /** Returns the embeddings. */
    public ModernBertEmbeddings embeddings() {
      return embeddings;
    }

    /** Returns the layers, first one first. */
    public List<ModernBertEncoderLayer> layers() {
      return layers;
    }

    @Override
    public String modelType() {
      return "modernbert";
    }
  }

  /** The word embeddings, normalised. */
  public static final class ModernBertEmbeddings extends Module {
    private final Embedding tokEmbeddings;
    private final LayerNorm norm;
    private final Dropout drop;

    ModernBertEmbeddings(EncoderConfig config, Init init) {
      this.tokEmbeddings =
          ofInputs(init, config).embedding(config.vocabSize(), config.hiddenSize());
      this.norm = norm(config);
      this.drop = new Dropout(config.hiddenDropout());
    }

    Tensor forward(Tensor ids, UnaryOperator<Tensor> inputs) {
      return drop.forward(norm.forward(inputs.apply(tokEmbeddings.forward(ids))));
    }

    /** Returns the table with a row for each token of the vocabulary. */
    public Embedding tokEmbeddings() {
      return tokEmbeddings;
    }
  }

  /**
   * One layer: attention, then the feed-forward block, each after a norm and added to its input.
   */
  public static final class ModernBertEncoderLayer extends Module {
    private final @Nullable LayerNorm attnNorm;
    private final ModernBertAttention attn;
    private final LayerNorm mlpNorm;
    private final ModernBertMlp mlp;

    ModernBertEncoderLayer(EncoderConfig config, int index, Init init) {
      this.attnNorm = index == 0 ? null : norm(config); // the embeddings are normalised already
      this.attn = new ModernBertAttention(config, init);
      this.mlpNorm = norm(config);
      this.mlp = new ModernBertMlp(config, init);
    }

    Tensor forward(Tensor x, @Nullable Tensor mask, NearTokens near, Tensor rotary) {
      Tensor normed = attnNorm == null ? x : attnNorm.forward(x);
      Tensor h = x.add(attn.forward(normed, mask, near, rotary));
      return h.add(mlp.forward(mlpNorm.forward(h)));
    }

    /** Returns the attention block. */
    public ModernBertAttention attn() {
      return attn;
    }

    /** Returns the feed-forward block. */
    public ModernBertMlp mlp() {
      return mlp;
    }
  }

  /** Attention with one projection to queries, keys and values. */
  public static final class ModernBertAttention extends Module {
    @CheckpointName("Wqkv")
    private final Linear wqkv;

    @CheckpointName("Wo")
    private final Linear wo;

    private final Dropout outDrop;
    private final int heads;

    ModernBertAttention(EncoderConfig config, Init init) {
      int hidden = config.hiddenSize();
      boolean bias = ModernBertSettings.of(config).attentionBias();
      this.wqkv = ofInputs(init, config).linear(hidden, 3 * hidden, bias);
      this.wo = ofOutputs(init, config).linear(hidden, hidden, bias);
      this.outDrop = new Dropout(config.attentionDropout());
      this.heads = config.heads();
    }

    Tensor forward(Tensor x, @Nullable Tensor mask, NearTokens near, Tensor rotary) {
      int hidden = x.dim(2);
      Tensor qkv = wqkv.forward(x);
      Tensor q = qkv.slice(2, 0, hidden).rotary(rotary, heads, false);
      Tensor k = qkv.slice(2, hidden, 2 * hidden).rotary(rotary, heads, false);
      Tensor v = qkv.slice(2, 2 * hidden, 3 * hidden);
      Tensor seen = SelfAttention.attend(q, k, v, mask, heads, near.window(), outDrop);
      return outDrop.forward(wo.forward(near.result(seen, v)));
    }

    /** Returns the projection to queries, keys and values, one after another. */
    public Linear wqkv() {
      return wqkv;
    }

    /** Returns the projection of the result. */
    public Linear wo() {
      return wo;
    }
  }

  /** A gated feed-forward block. */
  public static final class ModernBertMlp extends Module {
    @CheckpointName("Wi")
    private final Linear wi;

    @CheckpointName("act")
    private final @Nullable PRelu slope;

    private final Dropout drop;

    @CheckpointName("Wo")
    private final Linear wo;

    private final Activation function;

    ModernBertMlp(EncoderConfig config, Init init) {
      ModernBertSettings settings = ModernBertSettings.of(config);
      int wide = config.intermediateSize();
      this.wi = ofInputs(init, config).linear(config.hiddenSize(), 2 * wide, settings.mlpBias());
      this.function = config.activation();
      this.slope = function == Activation.PRELU ? new PRelu() : null;
      this.drop = new Dropout(settings.mlpDropout());
      this.wo = ofOutputs(init, config).linear(wide, config.hiddenSize(), settings.mlpBias());
    }

    Tensor forward(Tensor x) {
      Tensor both = wi.forward(x);
      int wide = both.dim(2) / 2;
      Tensor input = both.slice(2, 0, wide);
      Tensor gate = both.slice(2, wide, 2 * wide);
      Tensor active = slope == null ? function.apply(input) : slope.forward(input);
      return wo.forward(drop.forward(active.mul(gate)));
    }

    /** Returns the projection to what is activated and its gate, one after another. */
    public Linear wi() {
      return wi;
    }

    /** Returns the projection of the result. */
    public Linear wo() {
      return wo;
    }
  }

  /** The layer before a classifier: a projection, an activation, and a norm. */
  public static final class ModernBertPredictionHead extends Module {
    private final Linear dense;

    @CheckpointName("act")
    private final @Nullable PRelu slope;

    private final LayerNorm norm;
    private final Activation function;

    ModernBertPredictionHead(EncoderConfig config, Init init) {
      ModernBertSettings settings = ModernBertSettings.of(config);
      int hidden = config.hiddenSize();
      this.dense = ofOutputs(init, config).linear(hidden, hidden, settings.classifierBias());
      this.function = settings.classifierActivation();
      this.slope = function == Activation.PRELU ? new PRelu() : null;
      this.norm = norm(config);
    }

    Tensor forward(Tensor x) {
      Tensor projected = dense.forward(x);
      return norm.forward(slope == null ? function.apply(projected) : slope.forward(projected));
    }

    /** Returns the projection. */
    public Linear dense() {
      return dense;
    }
  }

  /** ModernBERT with a classifier of whole texts. */
  public static class ModernBertForSequenceClassification extends SequenceClassifier {
    private final ModernBertModel model;
    private final ModernBertPredictionHead head;
    private final Dropout drop;
    private final Linear classifier;

    /** Creates a model whose layers {@code init} makes. */
    public ModernBertForSequenceClassification(EncoderConfig config, Init init) {
      this.model = new ModernBertModel(config, init);
      this.head = new ModernBertPredictionHead(config, init);
      this.drop = new Dropout(config.dropoutOfClassifier());
      this.classifier = ofClassifier(init, config).linear(config.hiddenSize(), config.numLabels());
    }

    @Override
    protected Tensor head(Tensor hidden, @Nullable Tensor mask) {
      Tensor pooled =
          !ModernBertSettings.of(config()).meanPooling()
              ? Pooling.first(hidden)
              : mask == null ? hidden.mean(1) : Pooling.mean(hidden, mask);
      return classifier.forward(drop.forward(head.forward(pooled)));
    }

    @Override
    public ModernBertModel encoder() {
      return model;
    }

    /** Returns the encoder. */
    public ModernBertModel model() {
      return model;
    }

    /** Returns the layer before the classifier. */
    public ModernBertPredictionHead head() {
      return head;
    }

    /** Returns the classifier. */
    public Linear classifier() {
      return classifier;
    }
  }

  /** ModernBERT with a classifier of each token. */
  public static class ModernBertForTokenClassification extends TokenClassifier {
    private final ModernBertModel model;
    private final ModernBertPredictionHead head;
    private final Dropout drop;
    private final Linear classifier;

    /** Creates a model whose layers {@code init} makes. */
    public ModernBertForTokenClassification(EncoderConfig config, Init init) {
      this.model = new ModernBertModel(config, init);
      this.head = new ModernBertPredictionHead(config, init);
      this.drop = new Dropout(config.dropoutOfClassifier());
      this.classifier = ofClassifier(init, config).linear(config.hiddenSize(), config.numLabels());
    }

    @Override
    protected Tensor head(Tensor hidden, @Nullable Tensor mask) {
      return classifier.forward(drop.forward(head.forward(hidden)));
    }

    @Override
    public ModernBertModel encoder() {
      return model;
    }

    /** Returns the encoder. */
    public ModernBertModel model() {
      return model;
    }

    /** Returns the layer before the classifier. */
    public ModernBertPredictionHead head() {
      return head;
    }

    /** Returns the classifier. */
    public Linear classifier() {
      return classifier;
    }
  }
}
