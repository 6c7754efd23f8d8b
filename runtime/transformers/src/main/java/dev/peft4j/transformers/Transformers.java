package dev.peft4j.transformers;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.hub.ModelFolders;
import dev.peft4j.io.ModelFolder;
import dev.peft4j.nn.HasModelType;
import dev.peft4j.nn.Module;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Loads models of whatever {@link ModelFamily} from Hugging Face folders: {@code config.json} and
 * {@code model.safetensors}, also in several files. What has a name on the Hub is looked up in the
 * Hub's cache ({@link ModelFolders}); nothing is ever downloaded here. Models come in evaluation
 * mode, as from transformers' {@code from_pretrained}; call {@link Module#train} before training.
 *
 * <p>Loading is strict for what the model needs: weights that are missing or of another shape are a
 * {@link dev.peft4j.io.StateDictException} that lists them all. Weights that it has no use for,
 * such as those of another head, are a warning that lists them. A layer between encoder and
 * classifier that the checkpoint does not have, such as BERT's pooler, is drawn, with a warning;
 * {@link #newLayers} names it for {@code modulesToSave}. Values are not looked at: {@link
 * ModelFolder#checkFinite} finds NaN and infinity in a folder's weights.
 *
 * <p>Weights stay in the file, which is mapped, until they are changed: a frozen base is never
 * copied, and a file that lies open so must be replaced (renamed over), not overwritten.
 *
 * <p>Weights are float32 unless an {@link Encoding} says otherwise (transformers' {@code dtype} and
 * {@code quantization_config}): as 16-bit numbers they take half the memory, in blocks of codes
 * less still; see {@link Module#to} for which weights an encoding is for. Such weights are frozen.
 * Those that the file has in another type are converted. What is computed with them is computed in
 * float32.
 */
public final class Transformers {
  private Transformers() {}

  /**
   * Returns an encoder of whatever family the folder holds, from the checkpoint of an encoder or of
   * a model with a head, which is left out. It has a pooler if the checkpoint has one.
   *
   * @throws dev.peft4j.io.FileFormatException if a file is missing or is not what it should be, or
   *     the family is not known
   * @throws dev.peft4j.io.StateDictException if the weights do not fit
   */
  public static Encoder encoder(Path folder) throws IOException {
    return encoder(folder, Encodings.FLOAT32);
  }

  /**
   * As {@link #encoder(Path)}, from a folder or what has this name in the Hub's cache.
   *
   * @param folderOrName such as {@code FacebookAI/roberta-base}; see {@link ModelFolders#resolve}
   */
  public static Encoder encoder(String folderOrName) throws IOException {
    return encoder(ModelFolders.resolve(folderOrName));
  }

  /** As {@link #encoder(Path)}, with weights in an encoding. */
  public static Encoder encoder(Path folder, Encoding encoding) throws IOException {
    return FamilyFolder.open(folder).encoder(encoding);
  }

  /**
   * Returns a classifier of whole texts, of whatever family the folder holds, with the classifier
   * of the checkpoint.
   *
   * @throws dev.peft4j.io.FileFormatException if a file is missing or is not what it should be, or
   *     the family is not known
   * @throws dev.peft4j.io.StateDictException if the weights do not fit, or there is no classifier
   */
  public static SequenceClassifier sequenceClassifier(Path folder) throws IOException {
    return sequenceClassifier(folder, Encodings.FLOAT32);
  }

  /**
   * As {@link #sequenceClassifier(Path)}, from a folder or what has this name in the Hub's cache;
   * see {@link ModelFolders#resolve}.
   */
  public static SequenceClassifier sequenceClassifier(String folderOrName) throws IOException {
    return sequenceClassifier(ModelFolders.resolve(folderOrName));
  }

  /** As {@link #sequenceClassifier(Path)}, with weights in an encoding. */
  public static SequenceClassifier sequenceClassifier(Path folder, Encoding encoding)
      throws IOException {
    return FamilyFolder.open(folder).sequenceClassifier(null, encoding);
  }

  /**
   * Returns a classifier of whole texts with a new classifier, drawn from {@link
   * dev.peft4j.data.Rng#current()}; one that the checkpoint has is left out.
   *
   * @param numLabels how many labels the new classifier has
   * @throws dev.peft4j.io.FileFormatException if a file is missing or is not what it should be, or
   *     the family is not known
   * @throws dev.peft4j.io.StateDictException if the weights do not fit
   */
  public static SequenceClassifier sequenceClassifier(Path folder, int numLabels)
      throws IOException {
    return sequenceClassifier(folder, EncoderConfig.numbered(numLabels));
  }

  /**
   * As {@link #sequenceClassifier(Path, int)}, from a folder or what has this name in the Hub's
   * cache; see {@link ModelFolders#resolve}.
   */
  public static SequenceClassifier sequenceClassifier(String folderOrName, int numLabels)
      throws IOException {
    return sequenceClassifier(ModelFolders.resolve(folderOrName), numLabels);
  }

  /** As {@link #sequenceClassifier(Path, int)}, with the labels' names. */
  public static SequenceClassifier sequenceClassifier(Path folder, List<String> labels)
      throws IOException {
    return sequenceClassifier(folder, labels, Encodings.FLOAT32);
  }

  /**
   * As {@link #sequenceClassifier(Path, List)}, with weights in an encoding; the new classifier is
   * float32.
   */
  public static SequenceClassifier sequenceClassifier(
      Path folder, List<String> labels, Encoding encoding) throws IOException {
    return FamilyFolder.open(folder).sequenceClassifier(labels, encoding);
  }

  /**
   * Returns a classifier of each token, of whatever family the folder holds, with the classifier of
   * the checkpoint.
   *
   * @throws dev.peft4j.io.FileFormatException if a file is missing or is not what it should be, or
   *     the family is not known
   * @throws dev.peft4j.io.StateDictException if the weights do not fit, or there is no classifier
   */
  public static TokenClassifier tokenClassifier(Path folder) throws IOException {
    return tokenClassifier(folder, Encodings.FLOAT32);
  }

  /**
   * As {@link #tokenClassifier(Path)}, from a folder or what has this name in the Hub's cache; see
   * {@link ModelFolders#resolve}.
   */
  public static TokenClassifier tokenClassifier(String folderOrName) throws IOException {
    return tokenClassifier(ModelFolders.resolve(folderOrName));
  }

  /** As {@link #tokenClassifier(Path)}, with weights in an encoding. */
  public static TokenClassifier tokenClassifier(Path folder, Encoding encoding) throws IOException {
    return FamilyFolder.open(folder).tokenClassifier(null, encoding);
  }

  /**
   * Returns a classifier of each token with a new classifier, drawn from {@link
   * dev.peft4j.data.Rng#current()}; one that the checkpoint has is left out.
   *
   * @param labels the labels' names
   * @throws dev.peft4j.io.FileFormatException if a file is missing or is not what it should be, or
   *     the family is not known
   * @throws dev.peft4j.io.StateDictException if the weights do not fit
   */
  public static TokenClassifier tokenClassifier(Path folder, List<String> labels)
      throws IOException {
    return tokenClassifier(folder, labels, Encodings.FLOAT32);
  }

  /**
   * As {@link #tokenClassifier(Path, List)}, from a folder or what has this name in the Hub's
   * cache; see {@link ModelFolders#resolve}.
   */
  public static TokenClassifier tokenClassifier(String folderOrName, List<String> labels)
      throws IOException {
    return tokenClassifier(ModelFolders.resolve(folderOrName), labels);
  }

  /**
   * As {@link #tokenClassifier(Path, List)}, with weights in an encoding; the new classifier is
   * float32.
   */
  public static TokenClassifier tokenClassifier(Path folder, List<String> labels, Encoding encoding)
      throws IOException {
    return FamilyFolder.open(folder).tokenClassifier(labels, encoding);
  }

  /**
   * Returns the BERT encoder in a folder; see {@link #encoder(Path)}.
   *
   * @throws dev.peft4j.io.FileFormatException if it is a model of another family, too
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
    return (BertModel) bert(folder).encoder(encoding);
  }

  /**
   * Returns the BERT classifier in a folder; see {@link #sequenceClassifier(Path)}.
   *
   * @throws dev.peft4j.io.FileFormatException if it is a model of another family, too
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
    return (BertForSequenceClassification) bert(folder).sequenceClassifier(null, encoding);
  }

  /** Returns a BERT with a new classifier; see {@link #sequenceClassifier(Path, int)}. */
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
    return bertForSequenceClassification(folder, EncoderConfig.numbered(numLabels), encoding);
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
    return (BertForSequenceClassification) bert(folder).sequenceClassifier(labels, encoding);
  }

  private static FamilyFolder bert(Path folder) throws IOException {
    FamilyFolder files = FamilyFolder.open(folder);
    files.require("bert");
    return files;
  }

  /**
   * Returns the layers of a sequence classifier that a folder's checkpoint has no weights for,
   * besides the classifier itself: {@code pooler} of BERT, {@code pre_classifier} of DistilBERT, or
   * none. They are drawn, so that an adapter has to save them ({@code modulesToSave}).
   *
   * @throws dev.peft4j.io.FileFormatException if a file is missing or is not what it should be
   */
  public static List<String> newLayers(Path folder) throws IOException {
    return FamilyFolder.open(folder).weights(Encodings.FLOAT32).newLayers();
  }

  /**
   * Fills a model of one's own, such as a subclass of {@link BertForSequenceClassification}, with
   * the weights of a folder, and puts it into evaluation mode. Its parameters must have the names
   * that they have in the checkpoint of a model with a head ({@code bert.embeddings...}), or it
   * must be an {@link Encoder}. The family is that of the model if it says its type ({@link
   * HasModelType}), else that of the folder.
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
    ModelFamily family =
        model instanceof HasModelType m ? ModelFamily.of(m.modelType()) : family(folder);
    ModelWeights weights = new ModelWeights(family, ModelFolder.open(folder), encoding);
    if (model instanceof Encoder encoder) {
      weights.loadEncoder(encoder);
    } else {
      weights.loadOwn(model);
    }
    model.eval();
    return model;
  }

  /**
   * Returns the family of the model in a folder.
   *
   * @throws dev.peft4j.io.FileFormatException if there is no {@code config.json}, or its family is
   *     not known
   */
  public static ModelFamily family(Path folder) throws IOException {
    return FamilyFolder.open(folder).family();
  }

  /** Returns the settings of the encoder in a folder. */
  public static EncoderConfig encoderConfig(Path folder) throws IOException {
    return FamilyFolder.open(folder).config(null);
  }

  /**
   * Returns the settings of the encoder in a folder with a new classifier; what the folder says of
   * its own one does not count.
   *
   * @param numLabels how many labels the new classifier has
   */
  public static EncoderConfig encoderConfig(Path folder, int numLabels) throws IOException {
    return FamilyFolder.open(folder).config(EncoderConfig.numbered(numLabels));
  }
}
