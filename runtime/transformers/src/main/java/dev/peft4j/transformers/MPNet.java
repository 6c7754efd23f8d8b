package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.annotation.CheckpointName;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.LayerNorm;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.SelfAttention;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * MPNet (Song et al. 2020): RoBERTa's positions without token types, and a table of numbers that
 * are added to the attention's scores, by the distance of two tokens.
 */
@AutoService(ModelFamily.class)
public final class MPNet implements ModelFamily {
  private static final String BUCKETS = "relative_attention_num_buckets";

  @Override
  public String modelType() {
    return "mpnet";
  }

  @Override
  public String classPrefix() {
    return "MPNet";
  }

  @Override
  public String prefix() {
    return "mpnet";
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
  public List<String> attentionTargets() {
    return List.of("q", "v");
  }

  @Override
  public EncoderConfig config(ConfigReader in, boolean head) throws FileFormatException {
    EncoderConfig.Builder b =
        EncoderConfig.builder()
            .vocabSize(30527)
            .typeVocabSize(0)
            .firstPosition(2) // behind padding, whose id and position are 1 in transformers
            .read(in, head)
            .classifierDropout(null);
    int rows = in.wholeNumber(BUCKETS, 1, RelativePositions.BUCKETS);
    if (rows < RelativePositions.BUCKETS) {
      throw in.wrong(BUCKETS, "at least the " + RelativePositions.BUCKETS + " that are used");
    }
    return b.own(BUCKETS, rows).build();
  }

  @Override
  public MPNetModel encoder(EncoderConfig config, boolean pooler, Init init) {
    return new MPNetModel(config, pooler, init);
  }

  @Override
  public MPNetForSequenceClassification sequenceClassifier(EncoderConfig config, Init init) {
    return new MPNetForSequenceClassification(config, init);
  }

  @Override
  public MPNetForTokenClassification tokenClassifier(EncoderConfig config, Init init) {
    return new MPNetForTokenClassification(config, init);
  }

  /** The MPNet encoder. */
  @CheckpointName("mpnet")
  public static final class MPNetModel extends Encoder {
    private final MPNetEmbeddings embeddings;
    private final MPNetEncoder encoder;
    private final @Nullable BertPooler pooler;

    /** Creates a model whose layers {@code init} makes. */
    public MPNetModel(EncoderConfig config, boolean pooler, Init init) {
      super(config);
      this.embeddings = new MPNetEmbeddings(config, init);
      this.encoder = new MPNetEncoder(config, init);
      this.pooler = pooler ? new BertPooler(config, init) : null;
    }

    @Override
    protected Tensor embed(Tensor ids, @Nullable Tensor typeIds) {
      return embeddings.forward(ids, this::withVirtual);
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
    public MPNetEmbeddings embeddings() {
      return embeddings;
    }

    /** Returns the layers. */
    public MPNetEncoder encoder() {
      return encoder;
    }

    @Override
    public @Nullable BertPooler pooler() {
      return pooler;
    }

    @Override
    public String modelType() {
      return "mpnet";
    }
  }

  /** The sum of word and position embeddings, normalised. */
  public static final class MPNetEmbeddings extends Module {
    private final Embedding wordEmbeddings;
    private final Embedding positionEmbeddings;

    @CheckpointName("LayerNorm")
    private final LayerNorm layerNorm;

    private final Dropout dropout;
    private final int firstPosition;

    MPNetEmbeddings(EncoderConfig config, Init init) {
      int size = config.hiddenSize();
      int padding = Positions.padding(config);
      this.firstPosition = config.firstPosition();
      this.wordEmbeddings = init.embedding(config.vocabSize(), size, padding);
      this.positionEmbeddings = init.embedding(config.maxPositions(), size, padding);
      this.layerNorm = new LayerNorm(size, (float) config.layerNormEps());
      this.dropout = new Dropout(config.hiddenDropout());
    }

    Tensor forward(Tensor ids, UnaryOperator<Tensor> inputs) {
      Tensor words = inputs.apply(wordEmbeddings.forward(ids));
      Tensor positions =
          positionEmbeddings.forward(Positions.ofTokens(ids, firstPosition, words.dim(1)));
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

  /** The layers, one after another, and the table of distances that they share. */
  public static final class MPNetEncoder extends Module {
    private final List<MPNetLayer> layer;
    private final Embedding relativeAttentionBias;

    MPNetEncoder(EncoderConfig config, Init init) {
      this.layer =
          Stream.generate(() -> new MPNetLayer(config, init)).limit(config.layers()).toList();
      this.relativeAttentionBias =
          init.embedding(config.own(BUCKETS, RelativePositions.BUCKETS), config.heads());
    }

    Tensor forward(Tensor x, @Nullable Tensor mask, Consumer<Tensor> layerInput) {
      Tensor bias = RelativePositions.bias(relativeAttentionBias, x.dim(1));
      Tensor added = mask == null ? bias : bias.add(mask);
      Tensor h = x;
      for (MPNetLayer l : layer) {
        layerInput.accept(h);
        h = l.forward(h, added);
      }
      return h;
    }

    /** Returns the layers, first one first. */
    public List<MPNetLayer> layer() {
      return layer;
    }

    /** Returns the table of numbers that are added, by distance and head. */
    public Embedding relativeAttentionBias() {
      return relativeAttentionBias;
    }
  }

  /** One layer: attention, then the feed-forward block. */
  public static final class MPNetLayer extends Module {
    private final MPNetAttention attention;
    private final BertIntermediate intermediate;
    private final BertOutput output;

    MPNetLayer(EncoderConfig config, Init init) {
      this.attention = new MPNetAttention(config, init);
      this.intermediate = new BertIntermediate(config, init);
      this.output = new BertOutput(config.intermediateSize(), config, init);
    }

    Tensor forward(Tensor x, @Nullable Tensor mask) {
      Tensor attended = attention.forward(x, mask);
      return output.forward(intermediate.forward(attended), attended);
    }

    /** Returns the attention block. */
    public MPNetAttention attention() {
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

  /** Attention, and the normalisation of its sum with the input. */
  public static final class MPNetAttention extends Module {
    private final MPNetSelfAttention attn;

    @CheckpointName("LayerNorm")
    private final LayerNorm layerNorm;

    private final Dropout dropout;

    MPNetAttention(EncoderConfig config, Init init) {
      this.attn = new MPNetSelfAttention(config, init);
      this.layerNorm = new LayerNorm(config.hiddenSize(), (float) config.layerNormEps());
      this.dropout = new Dropout(config.hiddenDropout());
    }

    Tensor forward(Tensor x, @Nullable Tensor mask) {
      return layerNorm.forward(dropout.forward(attn.forward(x, mask)).add(x));
    }

    /** Returns the attention itself. */
    public MPNetSelfAttention attn() {
      return attn;
    }
  }

  /** Attention with the projection that follows. */
  public static final class MPNetSelfAttention extends SelfAttention {
    private final Linear q;
    private final Linear k;
    private final Linear v;
    private final Linear o;
    private final Dropout dropout;

    MPNetSelfAttention(EncoderConfig config, Init init) {
      super(config.heads());
      int hidden = config.hiddenSize();
      this.q = init.linear(hidden, hidden);
      this.k = init.linear(hidden, hidden);
      this.v = init.linear(hidden, hidden);
      this.o = init.linear(hidden, hidden);
      this.dropout = new Dropout(config.attentionDropout());
    }

    Tensor forward(Tensor x, @Nullable Tensor mask) {
      return o.forward(attend(x, mask));
    }

    @Override
    public Linear query() {
      return q;
    }

    @Override
    public Linear key() {
      return k;
    }

    @Override
    public Linear value() {
      return v;
    }

    @Override
    public Dropout dropout() {
      return dropout;
    }

    /** Returns the projection to queries. */
    public Linear q() {
      return q;
    }

    /** Returns the projection to keys. */
    public Linear k() {
      return k;
    }

    /** Returns the projection to values. */
    public Linear v() {
      return v;
    }

    /** Returns the projection of the result. */
    public Linear o() {
      return o;
    }
  }

  /** MPNet with a classifier of whole texts. */
  public static class MPNetForSequenceClassification extends TwoLayerClassifier<MPNetModel> {
    /** Creates a model whose layers {@code init} makes. */
    public MPNetForSequenceClassification(EncoderConfig config, Init init) {
      super(new MPNetModel(config, false, init), Activation.TANH, init);
    }

    /** Returns the encoder. */
    public MPNetModel mpnet() {
      return encoder();
    }
  }

  /** MPNet with a classifier of each token. */
  public static class MPNetForTokenClassification extends LinearTokenClassifier<MPNetModel> {
    /** Creates a model whose layers {@code init} makes. */
    public MPNetForTokenClassification(EncoderConfig config, Init init) {
      super(new MPNetModel(config, false, init), init);
    }

    /** Returns the encoder. */
    public MPNetModel mpnet() {
      return encoder();
    }
  }
}
