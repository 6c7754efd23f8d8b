package dev.peft4j.transformers;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.nn.Rotary;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * A reader of the settings that most decoders have, under Llama's names. A family sets its own
 * defaults in {@link #config} and {@link #style} before, and what it has besides after.
 */
public final class DecoderKeys {
  private final ConfigReader in;
  private final DecoderConfig.Builder config;
  private final DecoderStyle.Builder style;

  /**
   * Creates a reader.
   *
   * @param in the file; see {@link ConfigReader#renamed} for one with other names
   * @param modelType the family
   */
  public DecoderKeys(ConfigReader in, String modelType) {
    this.in = in;
    this.config = DecoderConfig.builder().modelType(modelType);
    this.style = DecoderStyle.builder();
  }

  /** Returns the settings as far as they are read. */
  public DecoderConfig.Builder config() {
    return config;
  }

  /** Returns how the model is built, as far as it is read. */
  public DecoderStyle.Builder style() {
    return style;
  }

  /** Returns the file. */
  public ConfigReader file() {
    return in;
  }

  /** Reads sizes, activation, dropout, tying and special tokens. */
  public DecoderKeys sizes() throws FileFormatException {
    in.requireOff("quantization_config", null);
    in.requireOff("is_encoder_decoder", null);
    in.requireOff("add_cross_attention", null);
    if (!in.flag("is_causal", true)) {
      throw in.error(
          "is_causal is false, which is not supported; expected it to be absent or true");
    }
    config.vocabSize(in.wholeNumber("vocab_size", 1, config.vocabSize));
    config.hiddenSize(in.wholeNumber("hidden_size", 1, config.hiddenSize));
    config.layers(in.wholeNumber("num_hidden_layers", 1, config.layers));
    config.heads(in.wholeNumber("num_attention_heads", 1, config.heads));
    config.kvHeads(
        in.get("num_key_value_heads").isNull()
            ? 0
            : present("num_key_value_heads", config.kvHeads));
    config.headDim(present("head_dim", config.headDim));
    if (config.headDim == 0 && config.hiddenSize % config.heads != 0) {
      throw in.error(
          in.name("hidden_size")
              + " "
              + config.hiddenSize
              + " is not a multiple of "
              + in.name("num_attention_heads")
              + " "
              + config.heads
              + ", which it has to be without a head_dim");
    }
    int kv = config.kvHeads == 0 ? config.heads : config.kvHeads;
    if (config.heads % kv != 0) {
      throw in.wrong("num_key_value_heads", "a divisor of the " + config.heads + " heads");
    }
    config.intermediateSize(present("intermediate_size", config.intermediateSize));
    config.maxPositions(in.wholeNumber("max_position_embeddings", 1, config.maxPositions));
    config.activation(activation("hidden_act", config.activation));
    config.tied(in.flag("tie_word_embeddings", config.tied));
    config.attentionDropout(dropout("attention_dropout", config.attentionDropout));
    config.initializerRange(
        in.number("initializer_range", config.initializerRange, "a number from 0", v -> v >= 0));
    config.tokens(tokens());
    return this;
  }

  private int present(String key, int missing) throws FileFormatException {
    return in.has(key) ? in.wholeNumber(key, 1, missing) : missing;
  }

  /** Returns a probability of dropout, or {@code missing} if the file has none. */
  public double dropout(String key, double missing) throws FileFormatException {
    return in.has(key) ? in.probability(key, missing) : missing;
  }

  /** Reads the number that norms add. */
  public DecoderKeys normEps(String key) throws FileFormatException {
    style.normEps(in.number(key, style.normEps, "a number above 0", v -> v > 0));
    return this;
  }

  /** Returns an activation, or {@code missing} if the file has none. */
  public Activation activation(String key, Activation missing) throws FileFormatException {
    String name = in.text(key);
    if (name == null) {
      return missing;
    }
    Activation a = Activation.byName(name);
    if (a == null || a == Activation.PRELU) {
      throw in.wrong(key, "one of " + Activation.known());
    }
    return a;
  }

  private TokenIds tokens() throws FileFormatException {
    List<Integer> eos = new ArrayList<>();
    JsonNode value = in.get("eos_token_id");
    if (value.isArray()) {
      for (JsonNode each : value) {
        if (!each.isInt() || each.intValue() < 0) {
          throw in.wrong("eos_token_id", "a token id, or a list of them");
        }
        eos.add(each.intValue());
      }
    } else {
      Integer one = token("eos_token_id");
      if (one != null) {
        eos.add(one);
      }
    }
    return new TokenIds(token("bos_token_id"), eos, token("pad_token_id"));
  }

  /** Returns a token, or null for none, which some files write as -1. */
  private @Nullable Integer token(String key) throws FileFormatException {
    if (!in.has(key) || in.get(key).isIntegralNumber() && in.get(key).longValue() == -1) {
      return null;
    }
    return in.wholeNumber(key, 0, 0);
  }

  /** Returns the size of a head. */
  public int headDim() {
    return config.headDim == 0 ? config.hiddenSize / config.heads : config.headDim;
  }

  RopeReader rope() {
    return new RopeReader(in, headDim(), config.maxPositions);
  }

  /**
   * Reads the rotary embedding that all layers have, and gives all of them a window.
   *
   * @param theta the base if the file has none
   * @param partial the rotated part of a head if the file has none
   */
  public DecoderKeys rotary(double theta, double partial, int window) throws FileFormatException {
    Rotary rotary = rope().read(theta, partial);
    return layers(i -> new DecoderLayerStyle(rotary, window));
  }

  /**
   * Returns {@code sliding_window}: how many tokens a query sees; 0 for all before it.
   *
   * @param missing the window if the file has none; null in the file is no window
   */
  public int window(int missing) throws FileFormatException {
    if (in.get("sliding_window").isNull()) {
      return 0;
    }
    return in.wholeNumber("sliding_window", 1, missing);
  }

  /**
   * Returns which layers have the window: {@code layer_types}.
   *
   * @param usual tells the layers with a window if the file does not
   */
  public boolean[] sliding(IntPredicate usual) throws FileFormatException {
    boolean[] out = new boolean[config.layers];
    boolean given = in.has("layer_types");
    JsonNode types = in.get("layer_types");
    for (int i = 0; i < out.length; i++) {
      String type = types.path(i).asText();
      out[i] = given ? type.equals("sliding_attention") : usual.test(i);
      if (given && !out[i] && !type.equals("full_attention")
          || given && types.size() != out.length) {
        throw in.wrong(
            "layer_types",
            "full_attention or sliding_attention for each of " + out.length + " layers");
      }
    }
    return out;
  }

  /** Returns a number above 0, or 0 if the file has null. */
  public double orOff(String key, double missing) throws FileFormatException {
    return in.get(key).isNull() ? 0 : in.number(key, missing, "a number above 0", v -> v > 0);
  }

  /** Returns a factor: any number but 0. */
  public double factor(String key, double missing) throws FileFormatException {
    return in.has(key) ? in.number(key, missing, "a number other than 0", v -> v != 0) : missing;
  }

  /** Gives each layer its own settings. */
  public DecoderKeys layers(IntFunction<DecoderLayerStyle> each) {
    List<DecoderLayerStyle> all = new ArrayList<>();
    for (int i = 0; i < config.layers; i++) {
      all.add(each.apply(i));
    }
    style.layers(all);
    return this;
  }

  /** Names settings of the family that change nothing that a decoder computes. */
  public DecoderKeys ignore(String... keys) {
    for (String key : keys) {
      in.get(key);
    }
    return this;
  }

  /** Returns the configuration. */
  public DecoderConfig build() {
    return config.style(style.build()).build();
  }
}
