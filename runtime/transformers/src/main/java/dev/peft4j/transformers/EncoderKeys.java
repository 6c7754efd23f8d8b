package dev.peft4j.transformers;

import dev.peft4j.io.FileFormatException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A reader of the settings of an encoder from a {@code config.json}, under BERT's names. */
final class EncoderKeys {
  /** The largest number of labels without names in a file; each takes memory. */
  private static final int MAX_LABELS = 1_000_000;

  private EncoderKeys() {}

  static EncoderConfig.Builder read(ConfigReader in, EncoderConfig.Builder b, boolean head)
      throws FileFormatException {
    requireSupported(in);
    b.vocabSize(in.wholeNumber("vocab_size", 1, b.vocabSize()));
    b.hiddenSize(in.wholeNumber("hidden_size", 1, b.hiddenSize()));
    b.layers(in.wholeNumber("num_hidden_layers", 1, b.layers()));
    b.heads(in.wholeNumber("num_attention_heads", 1, b.heads()));
    if (b.hiddenSize() % b.heads() != 0) {
      throw in.error(
          in.name("hidden_size")
              + " "
              + b.hiddenSize()
              + " is not a multiple of "
              + in.name("num_attention_heads")
              + " "
              + b.heads()
              + ", which it has to be");
    }
    b.intermediateSize(in.wholeNumber("intermediate_size", 1, b.intermediateSize()));
    b.activation(activation(in, "hidden_act", b.activation()));
    b.hiddenDropout(in.probability("hidden_dropout_prob", b.hiddenDropout()));
    b.attentionDropout(in.probability("attention_probs_dropout_prob", b.attentionDropout()));
    double ofHead = in.get("classifier_dropout").asDouble(-1);
    if (in.has("classifier_dropout") && (head || ofHead >= 0 && ofHead < 1)) {
      b.classifierDropout(in.probability("classifier_dropout", 0));
    }
    b.maxPositions(in.wholeNumber("max_position_embeddings", 1, b.maxPositions()));
    if (b.typeVocabSize() > 0) {
      b.typeVocabSize(in.wholeNumber("type_vocab_size", 1, b.typeVocabSize()));
    }
    b.initializerRange(
        in.number("initializer_range", b.initializerRange(), "a number from 0", v -> v >= 0));
    b.layerNormEps(in.number("layer_norm_eps", b.layerNormEps(), "a number above 0", v -> v > 0));
    if (head) {
      b.problemType(problemType(in)).labels(labels(in));
    }
    return b;
  }

  /** Refuses settings that change what the layers compute, and that no family here supports. */
  private static void requireSupported(ConfigReader in) throws FileFormatException {
    in.requireOff("position_embedding_type", "absolute");
    in.requireOff("is_decoder", null);
    in.requireOff("is_encoder_decoder", null);
    in.requireOff("add_cross_attention", null);
    in.requireOff("pruned_heads", null);
    in.requireOff("quantization_config", null);
  }

  static Activation activation(ConfigReader in, String key, Activation missing)
      throws FileFormatException {
    String name = in.text(key);
    if (name == null) {
      return missing;
    }
    Activation a = Activation.byName(name);
    if (a == null) {
      throw in.wrong(key, "one of " + Activation.known());
    }
    return a;
  }

  static @Nullable ProblemType problemType(ConfigReader in) throws FileFormatException {
    String name = in.text("problem_type");
    if (name == null) {
      return null;
    }
    for (ProblemType type : ProblemType.values()) {
      if (type.configName().equals(name)) {
        return type;
      }
    }
    throw in.wrong(
        "problem_type",
        Arrays.stream(ProblemType.values())
            .map(t -> '"' + t.configName() + '"')
            .collect(Collectors.joining(", ", "one of ", " or null")));
  }

  static List<String> labels(ConfigReader in) throws FileFormatException {
    if (!in.has("id2label")) {
      int labels = in.wholeNumber("num_labels", 1, 2);
      if (labels > MAX_LABELS) {
        throw in.wrong("num_labels", "at most " + MAX_LABELS);
      }
      return EncoderConfig.numbered(labels);
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
}
