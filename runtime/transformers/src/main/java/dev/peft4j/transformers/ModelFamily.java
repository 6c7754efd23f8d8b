package dev.peft4j.transformers;

import dev.peft4j.io.FileFormatException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * A family of models, such as BERT: it reads {@code config.json}, creates the modules with Hugging
 * Face's names (which adapters target), and knows the names of its weights in files. Found by
 * {@link ServiceLoader} under the {@code model_type} of a folder; a new family is one file.
 */
public interface ModelFamily {
  /** Returns the {@code model_type} of its folders, such as {@code xlm-roberta}. */
  String modelType();

  /**
   * Returns the prefix of the names of transformers' classes, such as {@code XLMRoberta}: with it
   * {@code architectures} identifies the family of a folder without a type.
   */
  String classPrefix();

  /**
   * Returns the name of the encoder in a model with a head (transformers' {@code
   * base_model_prefix}), such as {@code roberta}. Files of encoders leave it out.
   */
  String prefix();

  /** Returns the names of the parts of the encoder, the pooler included. */
  default List<String> parts() {
    return List.of("embeddings", "encoder", "pooler");
  }

  /**
   * Returns the prefixes of the names of weights of other heads, such as {@code lm_head.}: a
   * checkpoint may contain them, without a warning.
   */
  default List<String> foreignHeads() {
    return List.of("cls.", "qa_outputs.");
  }

  /**
   * Returns the prefixes of the names of weights that files may contain although the model does not
   * use them: they cause no warning.
   */
  default List<String> ignored() {
    return List.of();
  }

  /**
   * Returns the name that the model has for a weight of a file, the prefix apart, or null for one
   * that is ignored, such as a buffer of older releases.
   */
  default @Nullable String nameOf(String stored) {
    return stored;
  }

  /**
   * Returns the paths of the layers between encoder and classifier in a model for sequence
   * classification that checkpoints may lack, such as {@code bert.pooler}: they are initialised at
   * random then, and an adapter must save them.
   */
  default List<String> betweenLayers() {
    return List.of();
  }

  /** Returns the path of the layer that computes the logits of a {@link SequenceClassifier}. */
  default String outputLayer() {
    return "classifier";
  }

  /**
   * Returns the targets of an adapter that names none, if peft has no default for this family: the
   * projections to queries and values. The command line uses them.
   */
  default List<String> attentionTargets() {
    return List.of("query", "value");
  }

  /**
   * Reads the settings of a {@code config.json}; a missing key has transformers' default.
   *
   * @param head false if the model's own head is left out or replaced: its settings in the file are
   *     ignored then
   * @throws FileFormatException if a value is not valid, or not supported
   */
  EncoderConfig config(ConfigReader in, boolean head) throws FileFormatException;

  /** Returns the number of weights of an encoder with these settings, roughly. */
  default double weights(EncoderConfig config) {
    return config.weights(config.layers());
  }

  /**
   * Returns the initialisation of a layer for which a checkpoint has no weights, such as {@code
   * classifier}.
   *
   * @param layer its path
   */
  default Init init(String layer, EncoderConfig config) {
    return Init.random(config);
  }

  /**
   * Makes an encoder.
   *
   * @param pooler whether it has a pooler; families without one have none in any case
   */
  Encoder encoder(EncoderConfig config, boolean pooler, Init init);

  /** Makes an encoder with a classifier of whole texts. */
  SequenceClassifier sequenceClassifier(EncoderConfig config, Init init);

  /** Makes an encoder with a classifier of each token. */
  TokenClassifier tokenClassifier(EncoderConfig config, Init init);

  /** Returns all families that are available, by name. */
  static List<ModelFamily> all() {
    List<ModelFamily> found = new ArrayList<>();
    ServiceLoader.load(ModelFamily.class, ModelFamily.class.getClassLoader()).forEach(found::add);
    found.sort(Comparator.comparing(ModelFamily::modelType));
    return found;
  }

  /**
   * Returns the family of that {@code model_type}.
   *
   * @throws IllegalArgumentException if there is none, with a list of those that are available
   */
  static ModelFamily of(String modelType) {
    for (ModelFamily f : all()) {
      if (f.modelType().equals(modelType)) {
        return f;
      }
    }
    throw new IllegalArgumentException(
        "no model family of type '" + modelType + "'; available: " + names());
  }

  /**
   * Returns the family of a {@code config.json}: that of its {@code model_type}, or, in a file
   * without it (as releases before 2.0 wrote), that of a class in {@code architectures}.
   *
   * @throws FileFormatException if there is none, with a list of those that are available
   */
  static ModelFamily of(ConfigReader in) throws FileFormatException {
    List<ModelFamily> all = all();
    String type = in.text("model_type");
    for (ModelFamily f : all) {
      if (type == null ? f.madeOneOf(in) : f.modelType().equals(type)) {
        return f;
      }
    }
    if (type != null) {
      throw in.wrong("model_type", "one of " + String.join(", ", names()));
    }
    throw in.error(
        "model_type is missing, and architectures names no class of a known family; write it into"
            + " the file, one of "
            + String.join(", ", names()));
  }

  private boolean madeOneOf(ConfigReader in) {
    String ofEncoder = classPrefix() + "(Model|For[A-Z].*|LMHeadModel)";
    for (var name : in.get("architectures")) {
      if (name.asText().matches(ofEncoder)) {
        return true;
      }
    }
    return false;
  }

  private static List<String> names() {
    return all().stream().map(ModelFamily::modelType).toList();
  }
}
