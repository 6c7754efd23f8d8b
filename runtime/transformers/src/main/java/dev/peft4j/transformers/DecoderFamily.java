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
    return List.of("score.", "classifier.", "qa_outputs.");
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

  @Override
  public final EncoderConfig config(ConfigReader in, boolean head) throws FileFormatException {
    throw in.wrong("model_type", "the type of an encoder; this is a decoder, which causalLm loads");
  }

  @Override
  public final Encoder encoder(EncoderConfig config, boolean pooler, Init init) {
    throw noEncoder();
  }

  @Override
  public final SequenceClassifier sequenceClassifier(EncoderConfig config, Init init) {
    throw noEncoder();
  }

  @Override
  public final TokenClassifier tokenClassifier(EncoderConfig config, Init init) {
    throw noEncoder();
  }

  private UnsupportedOperationException noEncoder() {
    return new UnsupportedOperationException(
        modelType + " is a family of decoders; Transformers.causalLm loads its models");
  }
}
