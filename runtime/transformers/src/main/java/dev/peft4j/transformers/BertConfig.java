package dev.peft4j.transformers;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.FileFormatException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The sizes and settings of a BERT model: transformers' {@code BertConfig}, whose defaults {@link
 * #builder()} starts from.
 *
 * @param vocabSize {@code vocab_size}: tokens known
 * @param hiddenSize {@code hidden_size}: numbers that stand for a token; a multiple of the heads
 * @param layers {@code num_hidden_layers}
 * @param heads {@code num_attention_heads}
 * @param intermediateSize {@code intermediate_size}: width of the feed-forward blocks
 * @param activation {@code hidden_act}
 * @param hiddenDropout {@code hidden_dropout_prob}
 * @param attentionDropout {@code attention_probs_dropout_prob}
 * @param classifierDropout {@code classifier_dropout}; null for {@code hiddenDropout}
 * @param maxPositions {@code max_position_embeddings}: tokens in the longest sequence
 * @param typeVocabSize {@code type_vocab_size}: kinds of token, such as first and second text
 * @param initializerRange {@code initializer_range}: standard deviation of new weights
 * @param layerNormEps {@code layer_norm_eps}
 * @param labels the labels' names, {@code id2label}: as many as the classes
 */
public record BertConfig(
    int vocabSize,
    int hiddenSize,
    int layers,
    int heads,
    int intermediateSize,
    Activation activation,
    double hiddenDropout,
    double attentionDropout,
    @Nullable Double classifierDropout,
    int maxPositions,
    int typeVocabSize,
    double initializerRange,
    double layerNormEps,
    List<String> labels) {

  /** Labels without names that a file may ask for; each takes memory. */
  private static final int MOST_LABELS = 1_000_000;

  private static final Pattern BERT_CLASS = Pattern.compile("Bert(Model|For[A-Z].*|LMHeadModel)");

  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException if one is below 1 or the heads do not divide the hidden size
   */
  public BertConfig {
    labels = List.copyOf(labels);
    atLeastOne("vocabSize", vocabSize);
    atLeastOne("hiddenSize", hiddenSize);
    atLeastOne("layers", layers);
    atLeastOne("heads", heads);
    atLeastOne("intermediateSize", intermediateSize);
    atLeastOne("maxPositions", maxPositions);
    atLeastOne("typeVocabSize", typeVocabSize);
    atLeastOne("number of labels", labels.size());
    if (hiddenSize % heads != 0) {
      throw new IllegalArgumentException(
          "BERT: hiddenSize " + hiddenSize + " must be a multiple of the " + heads + " heads");
    }
  }

  private static void atLeastOne(String what, int value) {
    if (value < 1) {
      throw new IllegalArgumentException("BERT: " + what + " is " + value + ", must be at least 1");
    }
  }

  /** The number of classes. */
  public int numLabels() {
    return labels.size();
  }

  /** The same model with another number of classes, called {@code LABEL_0} and so on. */
  public BertConfig withNumLabels(int count) {
    return toBuilder().numLabels(count).build();
  }

  /** A builder with transformers' defaults: the sizes of bert-base-uncased, two labels. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder with these settings. */
  public Builder toBuilder() {
    Builder b = new Builder();
    b.vocabSize = vocabSize;
    b.hiddenSize = hiddenSize;
    b.layers = layers;
    b.heads = heads;
    b.intermediateSize = intermediateSize;
    b.activation = activation;
    b.hiddenDropout = hiddenDropout;
    b.attentionDropout = attentionDropout;
    b.classifierDropout = classifierDropout;
    b.maxPositions = maxPositions;
    b.typeVocabSize = typeVocabSize;
    b.initializerRange = initializerRange;
    b.layerNormEps = layerNormEps;
    b.labels = labels;
    return b;
  }

  /**
   * The settings in a {@code config.json}; a missing key has transformers' default.
   *
   * @param tree what the file holds
   * @param file for messages
   * @throws FileFormatException if it is no configuration of BERT, a value is not what it should
   *     be, or it asks for something that is not supported
   */
  public static BertConfig read(ObjectNode tree, Path file) throws FileFormatException {
    return read(tree, file, true);
  }

  /**
   * The settings in a {@code config.json}.
   *
   * @param head false if the model's own head is left out or replaced: what the file says of it
   *     does not count then, but for a dropout that is one
   */
  static BertConfig read(ObjectNode tree, Path file, boolean head) throws FileFormatException {
    ConfigReader in = new ConfigReader(tree, file);
    requireBert(in);
    in.requireOff("position_embedding_type", "absolute");
    in.requireOff("is_decoder", null);
    in.requireOff("add_cross_attention", null);
    in.requireOff("pruned_heads", null);
    Builder b = builder();
    b.vocabSize = in.wholeNumber("vocab_size", 1, b.vocabSize);
    b.hiddenSize = in.wholeNumber("hidden_size", 1, b.hiddenSize);
    b.layers = in.wholeNumber("num_hidden_layers", 1, b.layers);
    b.heads = in.wholeNumber("num_attention_heads", 1, b.heads);
    if (b.hiddenSize % b.heads != 0) {
      throw in.error(
          "hidden_size "
              + b.hiddenSize
              + " is not a multiple of num_attention_heads "
              + b.heads
              + ", which it has to be");
    }
    b.intermediateSize = in.wholeNumber("intermediate_size", 1, b.intermediateSize);
    b.activation = activation(in, b.activation);
    b.hiddenDropout = in.probability("hidden_dropout_prob", b.hiddenDropout);
    b.attentionDropout = in.probability("attention_probs_dropout_prob", b.attentionDropout);
    double ofHead = in.get("classifier_dropout").asDouble(-1);
    if (in.has("classifier_dropout") && (head || ofHead >= 0 && ofHead < 1)) {
      b.classifierDropout = in.probability("classifier_dropout", 0);
    }
    b.maxPositions = in.wholeNumber("max_position_embeddings", 1, b.maxPositions);
    b.typeVocabSize = in.wholeNumber("type_vocab_size", 1, b.typeVocabSize);
    b.initializerRange =
        in.number("initializer_range", b.initializerRange, "a number from 0", v -> v >= 0);
    b.layerNormEps = in.number("layer_norm_eps", b.layerNormEps, "a number above 0", v -> v > 0);
    if (head) {
      b.labels = labels(in);
    }
    return b.build();
  }

  /** A file that does not say its type, as releases before 2.0 wrote it, may name a class. */
  private static void requireBert(ConfigReader in) throws FileFormatException {
    if (in.has("model_type")) {
      if (!"bert".equals(in.text("model_type"))) {
        throw in.wrong("model_type", "\"bert\"");
      }
      return;
    }
    List<String> classes = new ArrayList<>();
    in.get("architectures").forEach(a -> classes.add(a.asText()));
    if (classes.stream().noneMatch(BERT_CLASS.asMatchPredicate())) {
      throw in.error(
          "model_type is missing, and architectures names no class of BERT; if it is one, write"
              + " \"model_type\": \"bert\" into the file");
    }
  }

  private static Activation activation(ConfigReader in, Activation missing)
      throws FileFormatException {
    String name = in.text("hidden_act");
    if (name == null) {
      return missing;
    }
    Activation a = Activation.byName(name);
    if (a == null) {
      throw in.wrong("hidden_act", "one of " + Activation.known());
    }
    return a;
  }

  private static List<String> labels(ConfigReader in) throws FileFormatException {
    String problem = in.text("problem_type");
    if (problem != null && !problem.equals("single_label_classification")) {
      throw in.wrong("problem_type", "\"single_label_classification\" or null");
    }
    if (!in.has("id2label")) {
      int labels = in.wholeNumber("num_labels", 1, 2);
      if (labels > MOST_LABELS) {
        throw in.wrong("num_labels", "at most " + MOST_LABELS);
      }
      return numbered(labels);
    }
    List<String> labels = new ArrayList<>();
    for (String label : in.numberedTexts("id2label")) {
      labels.add(Objects.requireNonNull(label));
    }
    int count = in.wholeNumber("num_labels", 1, labels.size());
    if (count != labels.size()) {
      throw in.wrong("num_labels", labels.size() + ", the number of labels in id2label");
    }
    return labels;
  }

  private static List<String> numbered(int count) {
    List<String> labels = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      labels.add("LABEL_" + i);
    }
    return labels;
  }

  /** Settings to be changed; see the components of {@link BertConfig}. */
  public static final class Builder {
    private int vocabSize = 30522;
    private int hiddenSize = 768;
    private int layers = 12;
    private int heads = 12;
    private int intermediateSize = 3072;
    private Activation activation = Activation.GELU;
    private double hiddenDropout = 0.1;
    private double attentionDropout = 0.1;
    private @Nullable Double classifierDropout;
    private int maxPositions = 512;
    private int typeVocabSize = 2;
    private double initializerRange = 0.02;
    private double layerNormEps = 1e-12;
    private List<String> labels = numbered(2);

    private Builder() {}

    /** Tokens known. */
    public Builder vocabSize(int value) {
      vocabSize = value;
      return this;
    }

    /** Numbers that stand for a token. */
    public Builder hiddenSize(int value) {
      hiddenSize = value;
      return this;
    }

    /** Number of layers. */
    public Builder layers(int value) {
      layers = value;
      return this;
    }

    /** Attention heads in each layer. */
    public Builder heads(int value) {
      heads = value;
      return this;
    }

    /** Width of the feed-forward blocks. */
    public Builder intermediateSize(int value) {
      intermediateSize = value;
      return this;
    }

    /** Activation of the feed-forward blocks. */
    public Builder activation(Activation value) {
      activation = value;
      return this;
    }

    /** All three probabilities of dropout. */
    public Builder dropout(double value) {
      hiddenDropout = value;
      attentionDropout = value;
      classifierDropout = value;
      return this;
    }

    /** Dropout of embeddings and of each block's result. */
    public Builder hiddenDropout(double value) {
      hiddenDropout = value;
      return this;
    }

    /** Dropout of the attention's weights. */
    public Builder attentionDropout(double value) {
      attentionDropout = value;
      return this;
    }

    /** Dropout before the classifier; null for that of the hidden states. */
    public Builder classifierDropout(@Nullable Double value) {
      classifierDropout = value;
      return this;
    }

    /** Tokens in the longest sequence. */
    public Builder maxPositions(int value) {
      maxPositions = value;
      return this;
    }

    /** Kinds of token. */
    public Builder typeVocabSize(int value) {
      typeVocabSize = value;
      return this;
    }

    /** Standard deviation of new weights. */
    public Builder initializerRange(double value) {
      initializerRange = value;
      return this;
    }

    /** Added to the variance by every layer norm. */
    public Builder layerNormEps(double value) {
      layerNormEps = value;
      return this;
    }

    /** Number of classes, called {@code LABEL_0} and so on. */
    public Builder numLabels(int count) {
      labels = numbered(count);
      return this;
    }

    /** The names of the classes. */
    public Builder labels(List<String> names) {
      labels = List.copyOf(names);
      return this;
    }

    /**
     * The configuration.
     *
     * @throws IllegalArgumentException if the sizes do not fit together
     */
    public BertConfig build() {
      return new BertConfig(
          vocabSize,
          hiddenSize,
          layers,
          heads,
          intermediateSize,
          activation,
          hiddenDropout,
          attentionDropout,
          classifierDropout,
          maxPositions,
          typeVocabSize,
          initializerRange,
          layerNormEps,
          labels);
    }
  }
}
