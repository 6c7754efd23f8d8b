package dev.peft4j.transformers;

import dev.peft4j.io.FileFormatException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The sizes and settings of an encoder, of any family. Names are those of BERT's {@code
 * config.json}; families with other names translate them ({@link ConfigReader#renamed}).
 *
 * @param vocabSize {@code vocab_size}: number of tokens
 * @param hiddenSize {@code hidden_size}: size of a token's vector; a multiple of the heads
 * @param layers {@code num_hidden_layers}
 * @param heads {@code num_attention_heads}
 * @param intermediateSize {@code intermediate_size}: width of the feed-forward blocks
 * @param activation {@code hidden_act}
 * @param hiddenDropout {@code hidden_dropout_prob}
 * @param attentionDropout {@code attention_probs_dropout_prob}
 * @param classifierDropout {@code classifier_dropout}; null for {@code hiddenDropout}
 * @param maxPositions {@code max_position_embeddings}: rows of the table of positions
 * @param typeVocabSize {@code type_vocab_size}: types of token, such as first and second text; 0
 *     for a model without such embeddings
 * @param initializerRange {@code initializer_range}: standard deviation of new weights
 * @param layerNormEps {@code layer_norm_eps}
 * @param labels the labels' names, {@code id2label}: as many as the classes
 * @param embeddingSize {@code embedding_size}: numbers in a row of the embeddings; in most families
 *     the hidden size
 * @param firstPosition the position of the first token: 0, or in RoBERTa's family {@code
 *     pad_token_id} + 1, where padding has the position {@code pad_token_id}
 * @param problemType {@code problem_type}: the loss of a sequence classifier; null to choose it by
 *     the labels
 * @param own settings that only one family has, by their names in its {@code config.json}
 */
public record EncoderConfig(
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
    List<String> labels,
    int embeddingSize,
    int firstPosition,
    @Nullable ProblemType problemType,
    Map<String, Object> own) {

  /**
   * Creates settings.
   *
   * @throws IllegalArgumentException if one is below 1 or the heads do not divide the hidden size
   */
  public EncoderConfig {
    labels = List.copyOf(labels);
    own = Map.copyOf(own);
    atLeastOne("vocabSize", vocabSize);
    atLeastOne("hiddenSize", hiddenSize);
    atLeastOne("layers", layers);
    atLeastOne("heads", heads);
    atLeastOne("intermediateSize", intermediateSize);
    atLeastOne("maxPositions", maxPositions);
    atLeastOne("embeddingSize", embeddingSize);
    atLeastOne("number of labels", labels.size());
    if (typeVocabSize < 0) {
      throw new IllegalArgumentException(
          "EncoderConfig: typeVocabSize is " + typeVocabSize + ", must be at least 0");
    }
    if (firstPosition < 0 || firstPosition >= maxPositions) {
      throw new IllegalArgumentException(
          "EncoderConfig: firstPosition is "
              + firstPosition
              + ", must be from 0 to "
              + (maxPositions - 1)
              + ", the last position");
    }
    if (hiddenSize % heads != 0) {
      throw new IllegalArgumentException(
          "EncoderConfig: hiddenSize "
              + hiddenSize
              + " must be a multiple of the "
              + heads
              + " heads");
    }
  }

  private static void atLeastOne(String what, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "EncoderConfig: " + what + " is " + value + ", must be at least 1");
    }
  }

  /** Returns the number of classes. */
  public int numLabels() {
    return labels.size();
  }

  /** Returns the dropout before a classifier: its own, or that of the hidden states. */
  public double dropoutOfClassifier() {
    return classifierDropout == null ? hiddenDropout : classifierDropout;
  }

  /** Returns the number of tokens in the longest sequence: the positions that tokens can have. */
  public int maxTokens() {
    return maxPositions - firstPosition;
  }

  /**
   * Returns a setting that only one family has, or {@code missing}.
   *
   * @throws ClassCastException if it is of another type than {@code missing}
   */
  @SuppressWarnings("unchecked") // checked by cast
  public <T> T own(String name, T missing) {
    Object value = own.get(name);
    return value == null ? missing : (T) missing.getClass().cast(value);
  }

  /**
   * Returns the number of weights of an encoder of these sizes, to within a few percent.
   *
   * @param layers the number of layers with weights of their own
   */
  double weights(int layers) {
    double h = hiddenSize;
    double layer = 4 * h * (h + 1) + 2 * h * intermediateSize + intermediateSize + 5 * h;
    return (vocabSize + (double) maxPositions + typeVocabSize) * embeddingSize + layers * layer;
  }

  /**
   * Returns the settings of the same model with another number of classes, called {@code LABEL_0}
   * and so on.
   */
  public EncoderConfig withNumLabels(int count) {
    return toBuilder().numLabels(count).build();
  }

  /** Returns a builder with transformers' defaults: the sizes of bert-base-uncased, two labels. */
  public static Builder builder() {
    return new Builder();
  }

  /** Returns a builder with these settings. */
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
    b.embeddingSize = embeddingSize == hiddenSize ? 0 : embeddingSize;
    b.firstPosition = firstPosition;
    b.problemType = problemType;
    b.own.putAll(own);
    return b;
  }

  static List<String> numbered(int count) {
    List<String> labels = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      labels.add("LABEL_" + i);
    }
    return labels;
  }

  /** The builder of {@link EncoderConfig}; see its components. */
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
    private int embeddingSize;
    private int firstPosition;
    private @Nullable ProblemType problemType;
    private final Map<String, Object> own = new HashMap<>();

    private Builder() {}

    /** Sets the number of tokens. */
    public Builder vocabSize(int value) {
      vocabSize = value;
      return this;
    }

    /** Sets the size of a token's vector. */
    public Builder hiddenSize(int value) {
      hiddenSize = value;
      return this;
    }

    /** Sets the number of layers. */
    public Builder layers(int value) {
      layers = value;
      return this;
    }

    /** Sets the number of attention heads in each layer. */
    public Builder heads(int value) {
      heads = value;
      return this;
    }

    /** Sets the width of the feed-forward blocks. */
    public Builder intermediateSize(int value) {
      intermediateSize = value;
      return this;
    }

    /** Sets the size of a row of the embeddings; 0, the default, for the hidden size. */
    public Builder embeddingSize(int value) {
      embeddingSize = value;
      return this;
    }

    /** Sets the activation of the feed-forward blocks. */
    public Builder activation(Activation value) {
      activation = value;
      return this;
    }

    /** Sets all three dropout probabilities. */
    public Builder dropout(double value) {
      hiddenDropout = value;
      attentionDropout = value;
      classifierDropout = value;
      return this;
    }

    /** Sets the dropout of embeddings and of each block's result. */
    public Builder hiddenDropout(double value) {
      hiddenDropout = value;
      return this;
    }

    /** Sets the dropout of the attention's weights. */
    public Builder attentionDropout(double value) {
      attentionDropout = value;
      return this;
    }

    /** Sets the dropout before the classifier; null for that of the hidden states. */
    public Builder classifierDropout(@Nullable Double value) {
      classifierDropout = value;
      return this;
    }

    /** Sets the number of rows in the table of positions. */
    public Builder maxPositions(int value) {
      maxPositions = value;
      return this;
    }

    /** Sets the position of the first token: 0, or one more than that of padding. */
    public Builder firstPosition(int value) {
      firstPosition = value;
      return this;
    }

    /** Sets the number of token types; 0 for a model without such embeddings. */
    public Builder typeVocabSize(int value) {
      typeVocabSize = value;
      return this;
    }

    /** Sets the standard deviation of new weights. */
    public Builder initializerRange(double value) {
      initializerRange = value;
      return this;
    }

    /** Sets the number that every layer norm adds to the variance. */
    public Builder layerNormEps(double value) {
      layerNormEps = value;
      return this;
    }

    /** Sets the number of classes, called {@code LABEL_0} and so on. */
    public Builder numLabels(int count) {
      labels = numbered(count);
      return this;
    }

    /** Sets the names of the classes. */
    public Builder labels(List<String> names) {
      labels = List.copyOf(names);
      return this;
    }

    /** Sets the loss of a sequence classifier; null to choose it by the labels. */
    public Builder problemType(@Nullable ProblemType value) {
      problemType = value;
      return this;
    }

    /** Sets a setting that only one family has; the value cannot be changed, such as a number. */
    public Builder own(String name, Object value) {
      own.put(name, value);
      return this;
    }

    /**
     * Takes the settings that a {@code config.json} has under BERT's names; those that it does not
     * have stay as they are.
     *
     * @param in the file; see {@link ConfigReader#renamed} for one with other names
     * @param head false if the model's own head is left out or replaced: its settings in the file
     *     are ignored then, except for a valid dropout
     * @throws FileFormatException if a value is not valid, or not supported
     */
    public Builder read(ConfigReader in, boolean head) throws FileFormatException {
      return EncoderKeys.read(in, this, head);
    }

    /**
     * Creates the configuration.
     *
     * @throws IllegalArgumentException if the sizes do not fit together
     */
    public EncoderConfig build() {
      return new EncoderConfig(
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
          labels,
          embeddingSize == 0 ? hiddenSize : embeddingSize,
          firstPosition,
          problemType,
          own);
    }

    int vocabSize() {
      return vocabSize;
    }

    int hiddenSize() {
      return hiddenSize;
    }

    int layers() {
      return layers;
    }

    int heads() {
      return heads;
    }

    int intermediateSize() {
      return intermediateSize;
    }

    Activation activation() {
      return activation;
    }

    double hiddenDropout() {
      return hiddenDropout;
    }

    double attentionDropout() {
      return attentionDropout;
    }

    int maxPositions() {
      return maxPositions;
    }

    int typeVocabSize() {
      return typeVocabSize;
    }

    double initializerRange() {
      return initializerRange;
    }

    double layerNormEps() {
      return layerNormEps;
    }
  }
}
