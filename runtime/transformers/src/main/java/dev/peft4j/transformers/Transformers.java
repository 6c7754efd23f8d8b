package dev.peft4j.transformers;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Shape;
import dev.peft4j.hub.ModelFolders;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.ModelFolder;
import dev.peft4j.nn.Module;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Loads models from Hugging Face folders: {@code config.json} and {@code model.safetensors}, also
 * in several files. What has a name on the Hub is looked up in the Hub's cache ({@link
 * ModelFolders}); nothing is ever downloaded here. Models come in evaluation mode, as from
 * transformers' {@code from_pretrained}; call {@link Module#train} before training.
 *
 * <p>Loading is strict for what the model needs: weights that are missing or of another shape are a
 * {@link dev.peft4j.io.StateDictException} that lists them all. Weights that it has no use for,
 * such as those of another head, are a warning that lists them. A pooler that a classifier needs
 * and the checkpoint has not is drawn, with a warning; {@link #newLayers} names it for {@code
 * modulesToSave}. Values are not looked at: {@link ModelFolder#checkFinite} finds NaN and infinity
 * in a folder's weights.
 *
 * <p>Weights stay in the file, which is mapped, until they are changed: a frozen base is never
 * copied, and a file that lies open so must be replaced (renamed over), not overwritten.
 *
 * <p>Weights are float32 unless an {@link Encoding} says otherwise (transformers' {@code dtype} and
 * {@code quantization_config}): as 16-bit numbers they take half the memory, as {@code Q8_0} about
 * a quarter; see {@link Module#to} for which weights an encoding is for. Such weights are frozen.
 * Those that the file has in another type are converted. What is computed with them is computed in
 * float32.
 */
public final class Transformers {
  private static final String CONFIG = "config.json";

  /** Weights of a model that is made without a look at the size of its files. */
  private static final double SMALL_MODEL = 1e6;

  private Transformers() {}

  /**
   * A BERT encoder, from the checkpoint of an encoder or of a model with a head, which is left out.
   * It has a pooler if the checkpoint has one.
   *
   * @throws dev.peft4j.io.FileFormatException if a file is missing or is not what it should be
   * @throws dev.peft4j.io.StateDictException if the weights do not fit
   */
  public static BertModel bertModel(Path folder) throws IOException {
    return bertModel(folder, Encodings.FLOAT32);
  }

  /**
   * As {@link #bertModel(Path)}, from a folder or what has this name in the Hub's cache.
   *
   * @param folderOrName such as {@code google-bert/bert-base-uncased}; see {@link
   *     ModelFolders#resolve}
   */
  public static BertModel bertModel(String folderOrName) throws IOException {
    return bertModel(ModelFolders.resolve(folderOrName));
  }

  /** As {@link #bertModel(Path)}, with weights in an encoding. */
  public static BertModel bertModel(Path folder, Encoding encoding) throws IOException {
    ModelFolder files = ModelFolder.open(folder);
    BertCheckpoint checkpoint = new BertCheckpoint(files, encoding);
    BertModel model = BertModel.blank(config(files, false), checkpoint.hasPooler());
    checkpoint.loadEncoder(model);
    model.eval();
    return model;
  }

  /**
   * A BERT classifier with the classifier of the checkpoint.
   *
   * @throws dev.peft4j.io.FileFormatException if a file is missing or is not what it should be
   * @throws dev.peft4j.io.StateDictException if the weights do not fit, or there is no classifier
   */
  public static BertForSequenceClassification bertForSequenceClassification(Path folder)
      throws IOException {
    return bertForSequenceClassification(folder, Encodings.FLOAT32);
  }

  /**
   * As {@link #bertForSequenceClassification(Path)}, from a folder or what has this name in the
   * Hub's cache; see {@link ModelFolders#resolve}.
   */
  public static BertForSequenceClassification bertForSequenceClassification(String folderOrName)
      throws IOException {
    return bertForSequenceClassification(ModelFolders.resolve(folderOrName));
  }

  /** As {@link #bertForSequenceClassification(Path)}, with weights in an encoding. */
  public static BertForSequenceClassification bertForSequenceClassification(
      Path folder, Encoding encoding) throws IOException {
    ModelFolder files = ModelFolder.open(folder);
    BertCheckpoint checkpoint = new BertCheckpoint(files, encoding);
    BertForSequenceClassification model =
        classifier(checkpoint, config(files, true), BertInit.zeros());
    checkpoint.loadWhole(model);
    model.eval();
    return model;
  }

  /**
   * A BERT classifier with a new classifier, drawn from {@link dev.peft4j.data.Rng#current()}; one
   * that the checkpoint has is left out.
   *
   * @param numLabels how many labels the new classifier has
   * @throws dev.peft4j.io.FileFormatException if a file is missing or is not what it should be
   * @throws dev.peft4j.io.StateDictException if the weights do not fit
   */
  public static BertForSequenceClassification bertForSequenceClassification(
      Path folder, int numLabels) throws IOException {
    return bertForSequenceClassification(folder, numLabels, Encodings.FLOAT32);
  }

  /**
   * As {@link #bertForSequenceClassification(Path, int)}, with weights in an encoding; the new
   * classifier is float32.
   */
  public static BertForSequenceClassification bertForSequenceClassification(
      Path folder, int numLabels, Encoding encoding) throws IOException {
    ModelFolder files = ModelFolder.open(folder);
    return withNewHead(files, config(files, false).withNumLabels(numLabels), encoding);
  }

  /**
   * As {@link #bertForSequenceClassification(Path, int)}, from a folder or what has this name in
   * the Hub's cache; see {@link ModelFolders#resolve}.
   */
  public static BertForSequenceClassification bertForSequenceClassification(
      String folderOrName, int numLabels) throws IOException {
    return bertForSequenceClassification(ModelFolders.resolve(folderOrName), numLabels);
  }

  /** As {@link #bertForSequenceClassification(Path, int)}, with the labels' names. */
  public static BertForSequenceClassification bertForSequenceClassification(
      Path folder, List<String> labels) throws IOException {
    return bertForSequenceClassification(folder, labels, Encodings.FLOAT32);
  }

  /**
   * As {@link #bertForSequenceClassification(Path, List)}, from a folder or what has this name in
   * the Hub's cache; see {@link ModelFolders#resolve}.
   */
  public static BertForSequenceClassification bertForSequenceClassification(
      String folderOrName, List<String> labels) throws IOException {
    return bertForSequenceClassification(ModelFolders.resolve(folderOrName), labels);
  }

  /** As {@link #bertForSequenceClassification(Path, int, Encoding)}, with the labels' names. */
  public static BertForSequenceClassification bertForSequenceClassification(
      Path folder, List<String> labels, Encoding encoding) throws IOException {
    ModelFolder files = ModelFolder.open(folder);
    return withNewHead(files, config(files, false).toBuilder().labels(labels).build(), encoding);
  }

  private static BertForSequenceClassification withNewHead(
      ModelFolder files, BertConfig config, Encoding encoding) throws IOException {
    BertCheckpoint checkpoint = new BertCheckpoint(files, encoding);
    BertForSequenceClassification model = classifier(checkpoint, config, BertInit.random(config));
    checkpoint.loadBelowHead(model);
    model.eval();
    return model;
  }

  /** A classifier that waits for a checkpoint, with a drawn pooler if that has none. */
  private static BertForSequenceClassification classifier(
      BertCheckpoint checkpoint, BertConfig config, BertInit head) {
    BertInit zeros = BertInit.zeros();
    return new BertForSequenceClassification(
        config, zeros, checkpoint.hasPooler() ? zeros : BertInit.random(config), head);
  }

  /**
   * The layers of a classifier that a folder's checkpoint has no weights for, besides the
   * classifier itself: {@code pooler}, or none. They are drawn, so that an adapter has to save them
   * ({@code modulesToSave}).
   *
   * @throws dev.peft4j.io.FileFormatException if a file is missing or is not what it should be
   */
  public static List<String> newLayers(Path folder) throws IOException {
    return new BertCheckpoint(ModelFolder.open(folder)).hasPooler() ? List.of() : List.of("pooler");
  }

  /**
   * Fills a model of one's own, such as a subclass of {@link BertForSequenceClassification}, with
   * the weights of a folder, and puts it into evaluation mode. Its parameters must have the names
   * that they have in the checkpoint of a model with a head ({@code bert.embeddings...}), or it
   * must be a {@link BertModel}.
   *
   * @throws dev.peft4j.io.FileFormatException if a file is missing or is not what it should be
   * @throws dev.peft4j.io.StateDictException if the weights do not fit; nothing is replaced then
   */
  public static <M extends Module> M load(Path folder, M model) throws IOException {
    return load(folder, model, Encodings.FLOAT32);
  }

  /** As {@link #load(Path, Module)}, with weights in an encoding. */
  public static <M extends Module> M load(Path folder, M model, Encoding encoding)
      throws IOException {
    BertCheckpoint checkpoint = new BertCheckpoint(ModelFolder.open(folder), encoding);
    if (model instanceof BertModel encoder) {
      checkpoint.loadEncoder(encoder);
    } else {
      checkpoint.loadWhole(model);
    }
    model.eval();
    return model;
  }

  /** The settings of the BERT model in a folder. */
  public static BertConfig bertConfig(Path folder) throws IOException {
    return config(ModelFolder.open(folder), true);
  }

  /**
   * The settings of the BERT model in a folder with a new classifier; what the folder says of its
   * own one does not count.
   *
   * @param numLabels how many labels the new classifier has
   */
  public static BertConfig bertConfig(Path folder, int numLabels) throws IOException {
    return config(ModelFolder.open(folder), false).withNumLabels(numLabels);
  }

  private static BertConfig config(ModelFolder files, boolean head) throws IOException {
    Path file = files.folder().resolve(CONFIG);
    BertConfig config = BertConfig.read(files.config(), file, head);
    requireSize(file, config, files);
    return config;
  }

  /**
   * Refuses settings that ask for a model far larger than its files, before memory is taken for it;
   * what differs by less is told weight by weight.
   */
  private static void requireSize(Path file, BertConfig c, ModelFolder files) throws IOException {
    double h = c.hiddenSize();
    double layer = 4 * h * (h + 1) + 2 * h * c.intermediateSize() + c.intermediateSize() + 5 * h;
    double needed =
        (c.vocabSize() + (double) c.maxPositions() + c.typeVocabSize()) * h + c.layers() * layer;
    double found = 0;
    for (Shape shape : files.shapes().values()) {
      found += shape.elements();
    }
    if (needed > SMALL_MODEL && needed > 4 * found) {
      throw new FileFormatException(
          file,
          String.format(
              Locale.ROOT,
              "describes a model of %,.0f weights, but the files have only %,.0f",
              needed,
              found));
    }
  }
}
