package dev.peft4j.transformers;

import dev.peft4j.io.FileFormatException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A family of decoders. It reads {@code config.json} into the settings of blocks that all decoders
 * share, so most families are little more than their defaults and the names of their layers.
 */
public abstract class DecoderFamily implements ModelFamily {
  private final String modelType;
  private final String classPrefix;

  /** Creates a family; see {@link #modelType} and {@link #classPrefix}. */
  protected DecoderFamily(String modelType, String classPrefix) {
    this.modelType = modelType;
    this.classPrefix = classPrefix;
  }

  /** Reads the settings of a {@code config.json}; a missing key has transformers' default. */
  public abstract DecoderConfig decoderConfig(ConfigReader in) throws FileFormatException;

  /** Makes a model with an output layer. */
  public abstract CausalLm causalLm(DecoderConfig config, Init init);

  @Override
  public final String modelType() {
    return modelType;
  }

  @Override
  public final String classPrefix() {
    return classPrefix;
  }

  @Override
  public String prefix() {
    return "model";
  }

  @Override
  public List<String> parts() {
    return List.of("embed_tokens", "layers", "norm");
  }

  @Override
  public List<String> foreignHeads() {
    return List.of("qa_outputs.");
  }

  @Override
  public List<String> attentionTargets() {
    return List.of("q_proj", "v_proj");
  }

  /** Leaves out the frequencies of rotary embeddings, which older releases saved. */
  @Override
  public @Nullable String nameOf(String stored) {
    return stored.endsWith(".rotary_emb.inv_freq") ? null : stored;
  }

  /**
   * Reads the settings as those of an encoder: they are the decoder's own, with the labels of a
   * classifier.
   */
  @Override
  public EncoderConfig config(ConfigReader in, boolean head) throws FileFormatException {
    EncoderConfig.Builder b = DecoderEncoder.config(decoderConfig(in));
    if (head) {
      b.labels(EncoderKeys.labels(in)).problemType(EncoderKeys.problemType(in));
    }
    return b.classifierDropout(classifierDropout(in)).build();
  }

  /** Returns the dropout before a classifier of tokens. */
  private static double classifierDropout(ConfigReader in) throws FileFormatException {
    for (String key : List.of("classifier_dropout", "hidden_dropout")) {
      if (in.has(key)) {
        return in.probability(key, 0);
      }
    }
    return 0.1;
  }

  @Override
  public double weights(EncoderConfig config) {
    return DecoderEncoder.settings(config).weights();
  }

  @Override
  public String outputLayer() {
    return "score";
  }

  /** Returns the path of the layer that computes the logits of a {@link TokenClassifier}. */
  public String tokenOutputLayer() {
    return "score";
  }

  @Override
  public DecoderEncoder encoder(EncoderConfig config, boolean pooler, Init init) {
    return new DecoderEncoder(config, init);
  }

  @Override
  public DecoderSequenceClassifier sequenceClassifier(EncoderConfig config, Init init) {
    return new DecoderSequenceClassifier(config, init);
  }

  @Override
  public DecoderTokenClassifier tokenClassifier(EncoderConfig config, Init init) {
    return new DecoderTokenClassifier(tokenOutputLayer(), config, init);
  }
}
