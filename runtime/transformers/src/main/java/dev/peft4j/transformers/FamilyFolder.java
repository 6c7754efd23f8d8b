package dev.peft4j.transformers;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.checkpoint.GgufModel;
import dev.peft4j.checkpoint.TurnedWeights;
import dev.peft4j.checkpoint.WeightSource;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.gguf.GgufFile;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.ModelFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A folder with a model of some family, with the code that loads it. */
final class FamilyFolder {
  private static final String CONFIG = "config.json";

  /**
   * The number of weights up to which a model is created without a check of the size of its files.
   */
  private static final double SMALL_MODEL = 1e6;

  private final WeightSource files;
  private final ConfigReader reader;
  private final Path config;
  private final ModelFamily family;

  private FamilyFolder(WeightSource files, ObjectNode settings, Path config)
      throws FileFormatException {
    this.files = files;
    this.config = config;
    this.reader = new ConfigReader(settings, config);
    this.family = ModelFamily.of(reader);
  }

  /** Opens a folder, or a GGUF file. */
  static FamilyFolder open(Path path) throws IOException {
    if (GgufFile.looksLikeOne(path) || String.valueOf(path.getFileName()).endsWith(".gguf")) {
      GgufModel model = GgufModel.open(path);
      return new FamilyFolder(model, model.config(), path);
    }
    ModelFolder folder = ModelFolder.open(path);
    WeightSource files = WeightSource.open(folder);
    ObjectNode settings = folder.config();
    settings.remove("quantization_config"); // the weights are opened by it
    return new FamilyFolder(files, settings, path.resolve(CONFIG));
  }

  private FamilyFolder(WeightSource files, ConfigReader reader, Path config)
      throws FileFormatException {
    this.files = files;
    this.config = config;
    this.reader = reader;
    this.family = ModelFamily.of(reader);
  }

  private boolean hasBlocks() throws FileFormatException {
    for (String name : files.names()) {
      if (files.encoding(name).hasBlocks()) {
        return true;
      }
    }
    return false;
  }

  WeightSource files() {
    return files;
  }

  ModelFamily family() {
    return family;
  }

  /** Throws if the model is of another family. */
  void require(String modelType) throws FileFormatException {
    if (!family.modelType().equals(modelType)) {
      throw reader.wrong("model_type", '"' + modelType + '"');
    }
  }

  /** Returns how weights are held: null for float32, or, of decoders, as the file has them. */
  private Held held(@Nullable Encoding encoding) {
    if (encoding == null && family instanceof DecoderFamily) {
      return Held.asStored();
    }
    return Held.in(encoding == null ? Encodings.FLOAT32 : encoding);
  }

  ModelWeights weights(Held held) throws FileFormatException {
    return new ModelWeights(family, files, held);
  }

  /**
   * Returns the settings.
   *
   * @param labels the labels of a new classifier, or null for the folder's own
   */
  EncoderConfig config(@Nullable List<String> labels) throws IOException {
    EncoderConfig own = family.config(reader, labels == null);
    if (family instanceof DecoderFamily) {
      UnknownSettings.warn(reader, config);
    }
    requireSize(family.weights(own));
    return labels == null ? own : own.toBuilder().labels(labels).build();
  }

  /** Returns the family, which has to be one of decoders. */
  private DecoderFamily decoders() throws FileFormatException {
    if (family instanceof DecoderFamily decoders) {
      return decoders;
    }
    throw reader.wrong(
        "model_type",
        "the type of a decoder, one of "
            + ModelFamily.all().stream()
                .filter(DecoderFamily.class::isInstance)
                .map(ModelFamily::modelType)
                .collect(Collectors.joining(", ")));
  }

  /** Returns the settings of a decoder; those that the family does not know are a warning. */
  DecoderConfig decoderConfig() throws IOException {
    DecoderConfig own = decoders().decoderConfig(reader);
    UnknownSettings.warn(reader, config);
    requireSize(own.weights());
    // blocks along rows stay as they are: GPT-2's Conv1D is a Linear then
    return own.style().transposed() && hasBlocks() ? untransposed(own) : own;
  }

  CausalLm causalLm(Held held) throws IOException {
    return causalLm(this, held, decoderConfig());
  }

  /**
   * Loads a model in codes. Those of layers whose weight has rows and columns exchanged are
   * ordinary linear layers then.
   */
  CausalLm causalLm(Quantize quantize) throws IOException {
    DecoderConfig own = decoderConfig();
    return own.style().transposed() && !(files instanceof GgufModel)
        ? causalLm(turned(), quantize.held(), untransposed(own))
        : causalLm(this, quantize.held(), own);
  }

  private static CausalLm causalLm(FamilyFolder folder, Held held, DecoderConfig config)
      throws IOException {
    ModelWeights weights = folder.weights(held);
    CausalLm model = folder.decoders().causalLm(weights.tied(config), Init.zeros());
    weights.loadOwn(model);
    model.eval();
    return model;
  }

  private FamilyFolder turned() throws FileFormatException {
    return new FamilyFolder(TurnedWeights.of(files, family.modelType()), reader, config);
  }

  private static DecoderConfig untransposed(DecoderConfig config) {
    return config.toBuilder().style(config.style().toBuilder().transposed(false).build()).build();
  }

  Encoder encoder(@Nullable Encoding encoding) throws IOException {
    ModelWeights weights = weights(held(encoding));
    EncoderConfig config = family.config(reader, false);
    requireSize(family.weights(config));
    Encoder model = family.encoder(config, weights.hasPooler(), Init.zeros());
    weights.loadEncoder(model);
    model.eval();
    return model;
  }

  SequenceClassifier sequenceClassifier(@Nullable List<String> labels, @Nullable Encoding encoding)
      throws IOException {
    return load(family.sequenceClassifier(config(labels), Init.zeros()), labels != null, encoding);
  }

  TokenClassifier tokenClassifier(@Nullable List<String> labels, @Nullable Encoding encoding)
      throws IOException {
    return load(family.tokenClassifier(config(labels), Init.zeros()), labels != null, encoding);
  }

  private <M extends EncoderClassifier> M load(
      M model, boolean newHead, @Nullable Encoding encoding) throws IOException {
    if (newHead) {
      weights(held(encoding)).loadBelowHead(model);
    } else {
      weights(held(encoding)).loadWhole(model);
    }
    model.eval();
    return model;
  }

  /**
   * Refuses settings of a model that is far larger than its files, before memory is taken for it;
   * smaller differences are reported weight by weight.
   */
  private void requireSize(double needed) throws IOException {
    double found = 0;
    for (String name : files.names()) {
      found += files.shape(name).elements();
    }
    if (needed > SMALL_MODEL && needed > 4 * found) {
      throw new FileFormatException(
          config,
          String.format(
              Locale.ROOT,
              "describes a model of %,.0f weights, but the files have only %,.0f",
              needed,
              found));
    }
  }
}
