package dev.peft4j.transformers;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.io.FileFormatException;
import java.util.ArrayList;
import java.util.List;

/**
 * The settings that only ModernBERT has.
 *
 * @param fullLayers whether each layer's tokens see all others; empty for every third layer
 * @param localAttention the number of neighbours that a token sees in the other layers
 * @param cutoff the number of deviations within which new weights are
 */
record ModernBertSettings(
    boolean attentionBias,
    boolean mlpBias,
    boolean normBias,
    boolean classifierBias,
    Activation classifierActivation,
    boolean meanPooling,
    double mlpDropout,
    int localAttention,
    List<Boolean> fullLayers,
    double globalTheta,
    double localTheta,
    double cutoff) {
  static final String KEY = "modernbert";

  private static final String FULL = "full_attention";
  private static final String SLIDING = "sliding_attention";
  private static final int PERIOD = 3;
  private static final ModernBertSettings DEFAULT =
      new ModernBertSettings(
          false,
          false,
          false,
          false,
          Activation.GELU,
          false,
          0,
          128,
          List.of(),
          160_000,
          10_000,
          2);

  static ModernBertSettings of(EncoderConfig config) {
    return config.own(KEY, DEFAULT);
  }

  boolean full(int layer) {
    return fullLayers.isEmpty() ? layer % PERIOD == 0 : fullLayers.get(layer);
  }

  /**
   * Reads the settings.
   *
   * @param head false if the file's classifier is replaced
   */
  static ModernBertSettings read(ConfigReader in, int layers, boolean head)
      throws FileFormatException {
    in.requireOff("rope_scaling", null);
    return new ModernBertSettings(
        in.flag("attention_bias", DEFAULT.attentionBias),
        in.flag("mlp_bias", DEFAULT.mlpBias),
        in.flag("norm_bias", DEFAULT.normBias),
        in.flag("classifier_bias", DEFAULT.classifierBias),
        EncoderKeys.activation(in, "classifier_activation", DEFAULT.classifierActivation),
        meanPooling(in),
        in.probability("mlp_dropout", DEFAULT.mlpDropout),
        in.wholeNumber("local_attention", 1, DEFAULT.localAttention),
        fullLayers(in, layers),
        theta(in, FULL, "global_rope_theta", DEFAULT.globalTheta),
        theta(in, SLIDING, "local_rope_theta", DEFAULT.localTheta),
        in.has("initializer_cutoff_factor")
            ? in.number("initializer_cutoff_factor", 0, "a number above 0", v -> v > 0)
            : DEFAULT.cutoff);
  }

  private static boolean meanPooling(ConfigReader in) throws FileFormatException {
    String pooling = in.text("classifier_pooling");
    if (pooling == null || pooling.equals("cls")) {
      return false;
    }
    if (!pooling.equals("mean")) {
      throw in.wrong("classifier_pooling", "\"cls\" or \"mean\"");
    }
    return true;
  }

  private static List<Boolean> fullLayers(ConfigReader in, int layers) throws FileFormatException {
    List<Boolean> full = new ArrayList<>();
    if (!in.has("layer_types")) {
      int period = in.wholeNumber("global_attn_every_n_layers", 1, PERIOD);
      for (int i = 0; i < layers; i++) {
        full.add(i % period == 0);
      }
      return List.copyOf(full);
    }
    for (JsonNode type : in.get("layer_types")) {
      if (!type.asText().equals(FULL) && !type.asText().equals(SLIDING)) {
        throw in.wrong("layer_types", "\"" + FULL + "\" or \"" + SLIDING + "\" for each layer");
      }
      full.add(type.asText().equals(FULL));
    }
    if (full.size() != layers) {
      throw in.wrong("layer_types", "one for each of the " + layers + " layers");
    }
    return List.copyOf(full);
  }

  /** Returns the base of the rotary angles: of the layers' kind, or under its former name. */
  private static double theta(ConfigReader in, String kind, String formerly, double missing)
      throws FileFormatException {
    JsonNode rope = in.get("rope_parameters").path(kind);
    String type = rope.path("rope_type").asText("default");
    if (!type.equals("default")) {
      throw in.error(
          "rope_parameters."
              + kind
              + ".rope_type is \""
              + type
              + "\", which is not supported in this family; expected \"default\"");
    }
    JsonNode theta = rope.path("rope_theta");
    if (theta.isMissingNode()) {
      return in.number(formerly, missing, "a number above 0", v -> v > 0);
    }
    if (!theta.isNumber() || !(theta.asDouble() > 0)) {
      throw in.wrong("rope_parameters", "numbers above 0 as rope_theta");
    }
    return theta.asDouble();
  }
}
