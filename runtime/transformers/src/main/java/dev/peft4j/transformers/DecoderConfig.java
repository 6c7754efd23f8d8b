package dev.peft4j.transformers;

import dev.peft4j.nn.Rotary;
import java.util.Collections;

/**
 * The sizes and settings of a decoder, of any family. {@link Transformers#decoderConfig} reads them
 * from a folder.
 *
 * @param modelType {@code model_type}: the family
 * @param vocabSize {@code vocab_size}: number of tokens
 * @param hiddenSize {@code hidden_size}: size of a token's vector
 * @param layers {@code num_hidden_layers}
 * @param heads {@code num_attention_heads}
 * @param kvHeads {@code num_key_value_heads}: heads of keys and values; divides {@code heads}
 * @param headDim {@code head_dim}: size of a head
 * @param intermediateSize {@code intermediate_size}: width of the feed-forward blocks
 * @param maxPositions {@code max_position_embeddings}: the longest sequence that the model was
 *     trained for
 * @param activation {@code hidden_act}
 * @param tied {@code tie_word_embeddings}: whether the output layer has the embedding's weight
 * @param embeddingDropout dropout of the embeddings
 * @param residualDropout dropout of the results of attention and feed-forward blocks
 * @param attentionDropout {@code attention_dropout}: dropout of the attention's weights
 * @param initializerRange {@code initializer_range}: standard deviation of new weights
 * @param tokens the special tokens
 * @param style how the model is built
 */
public record DecoderConfig(
    String modelType,
    int vocabSize,
    int hiddenSize,
    int layers,
    int heads,
    int kvHeads,
    int headDim,
    int intermediateSize,
    int maxPositions,
    Activation activation,
    boolean tied,
    double embeddingDropout,
    double residualDropout,
    double attentionDropout,
    double initializerRange,
    TokenIds tokens,
    DecoderStyle style) {

  /**
   * Creates settings.
   *
   * @throws IllegalArgumentException if a size is below 1, the key heads do not divide the heads,
   *     or there are settings for another number of layers
   */
  public DecoderConfig {
    atLeastOne("vocabSize", vocabSize);
    atLeastOne("hiddenSize", hiddenSize);
    atLeastOne("layers", layers);
    atLeastOne("heads", heads);
    atLeastOne("kvHeads", kvHeads);
    atLeastOne("headDim", headDim);
    atLeastOne("intermediateSize", intermediateSize);
    atLeastOne("maxPositions", maxPositions);
    if (heads % kvHeads != 0) {
      throw new IllegalArgumentException(
          "DecoderConfig: " + heads + " heads must be a multiple of the " + kvHeads + " kvHeads");
    }
    int styles = style.layers().size();
    if (styles != 0 && styles != layers) {
      throw new IllegalArgumentException(
          "DecoderConfig: settings for " + styles + " layers, but there are " + layers);
    }
  }

  private static void atLeastOne(String what, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "DecoderConfig: " + what + " is " + value + ", must be at least 1");
    }
  }

  /** Returns the number of weights of a decoder with these sizes, to within a few percent. */
  public double weights() {
    double h = hiddenSize;
    double attention = h * headDim * (2.0 * heads + 2.0 * kvHeads);
    double mlp = (style.gated() ? 3.0 : 2.0) * h * intermediateSize;
    double tables = (tied ? 1.0 : 2.0) * vocabSize * h;
    return tables + (style.learnedPositions() ? maxPositions * h : 0) + layers * (attention + mlp);
  }

  /** Returns a builder with the sizes of Llama 7B. */
  public static Builder builder() {
    return new Builder();
  }

  /** Returns a builder with these settings. */
  public Builder toBuilder() {
    Builder b = new Builder();
    b.modelType = modelType;
    b.vocabSize = vocabSize;
    b.hiddenSize = hiddenSize;
    b.layers = layers;
    b.heads = heads;
    b.kvHeads = kvHeads;
    b.headDim = headDim;
    b.intermediateSize = intermediateSize;
    b.maxPositions = maxPositions;
    b.activation = activation;
    b.tied = tied;
    b.embeddingDropout = embeddingDropout;
    b.residualDropout = residualDropout;
    b.attentionDropout = attentionDropout;
    b.initializerRange = initializerRange;
    b.tokens = tokens;
    b.style = style;
    return b;
  }

  /** The builder of {@link DecoderConfig}; see its components. */
  public static final class Builder {
    String modelType = "llama";
    int vocabSize = 32000;
    int hiddenSize = 4096;
    int layers = 32;
    int heads = 32;
    int kvHeads;
    int headDim;
    int intermediateSize = 11008;
    int maxPositions = 2048;
    Activation activation = Activation.SILU;
    boolean tied;
    double embeddingDropout;
    double residualDropout;
    double attentionDropout;
    double initializerRange = 0.02;
    TokenIds tokens = TokenIds.NONE;
    DecoderStyle style = DecoderStyle.builder().build();

    private Builder() {}

    /** Sets the family. */
    public Builder modelType(String value) {
      modelType = value;
      return this;
    }

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

    /** Sets the number of query heads. */
    public Builder heads(int value) {
      heads = value;
      return this;
    }

    /** Sets the number of key heads; 0, the default, for as many as query heads. */
    public Builder kvHeads(int value) {
      kvHeads = value;
      return this;
    }

    /** Sets the size of a head; 0, the default, for hidden size / heads. */
    public Builder headDim(int value) {
      headDim = value;
      return this;
    }

    /** Sets the width of the feed-forward blocks. */
    public Builder intermediateSize(int value) {
      intermediateSize = value;
      return this;
    }

    /** Sets the longest sequence. */
    public Builder maxPositions(int value) {
      maxPositions = value;
      return this;
    }

    /** Sets the activation of the feed-forward blocks. */
    public Builder activation(Activation value) {
      activation = value;
      return this;
    }

    /** Sets whether the output layer has the embedding's weight. */
    public Builder tied(boolean value) {
      tied = value;
      return this;
    }

    /** Sets the dropout of the embeddings. */
    public Builder embeddingDropout(double value) {
      embeddingDropout = value;
      return this;
    }

    /** Sets the dropout of the results of attention and feed-forward blocks. */
    public Builder residualDropout(double value) {
      residualDropout = value;
      return this;
    }

    /** Sets the dropout of the attention's weights. */
    public Builder attentionDropout(double value) {
      attentionDropout = value;
      return this;
    }

    /** Sets the standard deviation of new weights. */
    public Builder initializerRange(double value) {
      initializerRange = value;
      return this;
    }

    /** Sets the special tokens. */
    public Builder tokens(TokenIds value) {
      tokens = value;
      return this;
    }

    /** Sets how the model is built. */
    public Builder style(DecoderStyle value) {
      style = value;
      return this;
    }

    /** Returns the style, with a rotary embedding in all layers if it says nothing of positions. */
    private DecoderStyle positioned(int dim) {
      boolean has =
          !style.layers().isEmpty() || style.learnedPositions() || style.alibi() != Alibi.NONE;
      if (has || dim < 2 || layers < 1) {
        return style;
      }
      DecoderLayerStyle usual = new DecoderLayerStyle(Rotary.of(dim, 10000), 0);
      return style.toBuilder().layers(Collections.nCopies(layers, usual)).build();
    }

    /**
     * Creates the configuration. Without a style it is Llama's, with rotary embeddings of base
     * 10000.
     *
     * @throws IllegalArgumentException if the sizes do not fit together
     */
    public DecoderConfig build() {
      int dim = headDim == 0 ? hiddenSize / Math.max(1, heads) : headDim;
      return new DecoderConfig(
          modelType,
          vocabSize,
          hiddenSize,
          layers,
          heads,
          kvHeads == 0 ? heads : kvHeads,
          dim,
          intermediateSize,
          maxPositions,
          activation,
          tied,
          embeddingDropout,
          residualDropout,
          attentionDropout,
          initializerRange,
          tokens,
          positioned(dim));
    }
  }
}
