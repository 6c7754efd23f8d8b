package dev.peft4j.transformers;

import dev.peft4j.checkpoint.WeightSource;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.hub.ModelFolders;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.ModelFolder;
import dev.peft4j.nn.HasModelType;
import dev.peft4j.nn.Module;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Loading of models of any {@link ModelFamily} from Hugging Face folders: {@code config.json} and
 * {@code model.safetensors}, also in several files. Names on the Hub are looked up in the Hub's
 * cache ({@link ModelFolders}); nothing is downloaded. Models are in evaluation mode, as from
 * transformers' {@code from_pretrained}; call {@link Module#train} before training.
 *
 * <p>All weights of the model are required: missing ones and those of another shape are a {@link
 * dev.peft4j.io.StateDictException} that lists them all. Unused weights, such as those of another
 * head, are a warning that lists them. A layer between encoder and classifier that the checkpoint
 * does not have, such as BERT's pooler, is initialised at random, with a warning; {@link
 * #newLayers} names it for {@code modulesToSave}. Values are not checked: {@link
 * ModelFolder#checkFinite} finds NaN and infinity in a folder's weights.
 *
 * <p>Weights stay in the file, which is mapped, until they are changed: a frozen base is never
 * copied, and a file that is in use must be replaced (by renaming), not overwritten.
 *
 * <p>A family may be one of decoders, such as Llama: {@link #causalLm} predicts the next token, and
 * the other methods give a decoder as an encoder, or with a classifier.
 *
 * <p>Weights of encoders are float32, and those of decoders in the type of the file, unless an
 * {@link Encoding} says otherwise (transformers' {@code dtype} and {@code quantization_config}): as
 * 16-bit numbers they take half the memory, in blocks of codes even less; see {@link Module#to} for
 * the weights to which an encoding applies. Such weights are frozen. Those that the file has in
 * another type are converted. Computations with them are in float32.
 */
public final class Transformers {
  private Transformers() {}

  /**
   * Returns an encoder of the folder's family, from the checkpoint of an encoder or of a model with
   * a head, which is left out. It has a pooler if the checkpoint has one.
   *
   * @throws dev.peft4j.io.FileFormatException if a file is missing or not valid, or the family is
   *     unknown
   * @throws dev.peft4j.io.StateDictException if the weights do not fit
   */
  public static Encoder encoder(Path folder) throws IOException {
    return FamilyFolder.open(folder).encoder(null);
  }

  /**
   * Returns an encoder from a folder or a name in the Hub's cache; see {@link #encoder(Path)}.
   *
   * @param folderOrName such as {@code FacebookAI/roberta-base}; see {@link ModelFolders#resolve}
   */
  public static Encoder encoder(String folderOrName) throws IOException {
    return encoder(ModelFolders.resolve(folderOrName));
  }

  /** Returns an encoder with weights in an encoding; see {@link #encoder(Path)}. */
  public static Encoder encoder(Path folder, Encoding encoding) throws IOException {
    return FamilyFolder.open(folder).encoder(encoding);
  }

  /**
   * Returns a causal language model of the folder's family, also of one that transformers saved
   * with bitsandbytes, or of a GGUF file. Weights that the file has in 16 bits or in codes stay so,
   * and are frozen; {@code Encodings.FLOAT32} converts them.
   *
   * @param folder a folder, or a GGUF file; of a split one any of its files
   * @throws dev.peft4j.io.FileFormatException if a file is missing or not valid, or the family is
   *     unknown or not one of decoders
   * @throws dev.peft4j.io.StateDictException if the weights do not fit
   */
  public static CausalLm causalLm(Path folder) throws IOException {
    return FamilyFolder.open(folder).causalLm(Held.asStored());
  }

  /**
   * Returns a causal language model from a folder or a name in the Hub's cache; see {@link
   * #causalLm(Path)}.
   *
   * @param folderOrName such as {@code HuggingFaceTB/SmolLM2-135M}; see {@link
   *     ModelFolders#resolve}
   */
  public static CausalLm causalLm(String folderOrName) throws IOException {
    return causalLm(ModelFolders.resolve(folderOrName));
  }

  /** Returns a causal language model with weights in an encoding; see {@link #causalLm(Path)}. */
  public static CausalLm causalLm(Path folder, Encoding encoding) throws IOException {
    return FamilyFolder.open(folder).causalLm(Held.in(encoding));
  }

  /**
   * Returns a causal language model whose weights are quantized as they are loaded, one after
   * another; they are frozen. What the quantization leaves alone stays as the file has it. See
   * {@link #causalLm(Path)}.
   *
   * @throws IllegalArgumentException if the folder is quantized in another way already
   */
  public static CausalLm causalLm(Path folder, Quantize quantize) throws IOException {
    return FamilyFolder.open(folder).causalLm(quantize);
  }

  /**
   * Returns a causal language model from a folder or a name in the Hub's cache, quantized; see
   * {@link #causalLm(Path, Quantize)} and {@link ModelFolders#resolve}.
   */
  public static CausalLm causalLm(String folderOrName, Quantize quantize) throws IOException {
    return causalLm(ModelFolders.resolve(folderOrName), quantize);
  }

  /**
   * Returns the settings of the decoder in a folder.
   *
   * @throws dev.peft4j.io.FileFormatException if a file is missing or not valid, or the family is
   *     unknown or not one of decoders
   */
  public static DecoderConfig decoderConfig(Path folder) throws IOException {
    FamilyFolder files = FamilyFolder.open(folder);
    return files.weights(Held.asStored()).tied(files.decoderConfig());
  }

  /**
   * Returns a classifier of whole texts, of the folder's family, with the classifier of the
   * checkpoint.
   *
   * @throws dev.peft4j.io.FileFormatException if a file is missing or not valid, or the family is
   *     unknown
   * @throws dev.peft4j.io.StateDictException if the weights do not fit, or there is no classifier
   */
  public static SequenceClassifier sequenceClassifier(Path folder) throws IOException {
    return FamilyFolder.open(folder).sequenceClassifier(null, null);
  }

  /**
   * Returns a classifier from a folder or a name in the Hub's cache; see {@link
   * #sequenceClassifier(Path)} and {@link ModelFolders#resolve}.
   */
  public static SequenceClassifier sequenceClassifier(String folderOrName) throws IOException {
    return sequenceClassifier(ModelFolders.resolve(folderOrName));
  }

  /** Returns a classifier with weights in an encoding; see {@link #sequenceClassifier(Path)}. */
  public static SequenceClassifier sequenceClassifier(Path folder, Encoding encoding)
      throws IOException {
    return FamilyFolder.open(folder).sequenceClassifier(null, encoding);
  }

  /**
   * Returns a classifier of whole texts with a new head, drawn from {@link
   * dev.peft4j.data.Rng#current()}; the head of the checkpoint is ignored.
   *
   * @param numLabels the number of labels
   * @throws dev.peft4j.io.FileFormatException if a file is missing or not valid, or the family is
   *     unknown
   * @throws dev.peft4j.io.StateDictException if the weights do not fit
   */
  public static SequenceClassifier sequenceClassifier(Path folder, int numLabels)
      throws IOException {
    return sequenceClassifier(folder, EncoderConfig.numbered(numLabels));
  }

  /**
   * Returns a classifier from a folder or a name in the Hub's cache; see {@link
   * #sequenceClassifier(Path, int)} and {@link ModelFolders#resolve}.
   */
  public static SequenceClassifier sequenceClassifier(String folderOrName, int numLabels)
      throws IOException {
    return sequenceClassifier(ModelFolders.resolve(folderOrName), numLabels);
  }

  /** Returns a classifier with named labels; see {@link #sequenceClassifier(Path, int)}. */
  public static SequenceClassifier sequenceClassifier(Path folder, List<String> labels)
      throws IOException {
    return FamilyFolder.open(folder).sequenceClassifier(labels, null);
  }

  /**
   * Returns a classifier with weights in an encoding, but with a new head in float32; see {@link
   * #sequenceClassifier(Path, List)}.
   */
  public static SequenceClassifier sequenceClassifier(
      Path folder, List<String> labels, Encoding encoding) throws IOException {
    return FamilyFolder.open(folder).sequenceClassifier(labels, encoding);
  }

  /**
   * Returns a classifier of each token, of the folder's family, with the classifier of the
   * checkpoint.
   *
   * @throws dev.peft4j.io.FileFormatException if a file is missing or not valid, or the family is
   *     unknown
   * @throws dev.peft4j.io.StateDictException if the weights do not fit, or there is no classifier
   */
  public static TokenClassifier tokenClassifier(Path folder) throws IOException {
    return FamilyFolder.open(folder).tokenClassifier(null, null);
  }

  /**
   * Returns a classifier from a folder or a name in the Hub's cache; see {@link
   * #tokenClassifier(Path)} and {@link ModelFolders#resolve}.
   */
  public static TokenClassifier tokenClassifier(String folderOrName) throws IOException {
    return tokenClassifier(ModelFolders.resolve(folderOrName));
  }

  /** Returns a classifier with weights in an encoding; see {@link #tokenClassifier(Path)}. */
  public static TokenClassifier tokenClassifier(Path folder, Encoding encoding) throws IOException {
    return FamilyFolder.open(folder).tokenClassifier(null, encoding);
  }

  /**
   * Returns a classifier of each token with a new head, drawn from {@link
   * dev.peft4j.data.Rng#current()}; the head of the checkpoint is ignored.
   *
   * @param labels the labels' names
   * @throws dev.peft4j.io.FileFormatException if a file is missing or not valid, or the family is
   *     unknown
   * @throws dev.peft4j.io.StateDictException if the weights do not fit
   */
  public static TokenClassifier tokenClassifier(Path folder, List<String> labels)
      throws IOException {
    return FamilyFolder.open(folder).tokenClassifier(labels, null);
  }

  /**
   * Returns a classifier from a folder or a name in the Hub's cache; see {@link
   * #tokenClassifier(Path, List)} and {@link ModelFolders#resolve}.
   */
  public static TokenClassifier tokenClassifier(String folderOrName, List<String> labels)
      throws IOException {
    return tokenClassifier(ModelFolders.resolve(folderOrName), labels);
  }

  /**
   * Returns a classifier with weights in an encoding, but with a new head in float32; see {@link
   * #tokenClassifier(Path, List)}.
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
   * Returns the BERT encoder of a folder or a name in the Hub's cache; see {@link
   * #bertModel(Path)}.
   *
   * @param folderOrName such as {@code google-bert/bert-base-uncased}; see {@link
   *     ModelFolders#resolve}
   */
  public static BertModel bertModel(String folderOrName) throws IOException {
    return bertModel(ModelFolders.resolve(folderOrName));
  }

  /** Returns the BERT encoder with weights in an encoding; see {@link #bertModel(Path)}. */
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
   * Returns the BERT classifier of a folder or a name in the Hub's cache; see {@link
   * #bertForSequenceClassification(Path)} and {@link ModelFolders#resolve}.
   */
  public static BertForSequenceClassification bertForSequenceClassification(String folderOrName)
      throws IOException {
    return bertForSequenceClassification(ModelFolders.resolve(folderOrName));
  }

  /**
   * Returns the BERT classifier with weights in an encoding; see {@link
   * #bertForSequenceClassification(Path)}.
   */
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
   * Returns a BERT with weights in an encoding and a new classifier in float32; see {@link
   * #bertForSequenceClassification(Path, int)}.
   */
  public static BertForSequenceClassification bertForSequenceClassification(
      Path folder, int numLabels, Encoding encoding) throws IOException {
    return bertForSequenceClassification(folder, EncoderConfig.numbered(numLabels), encoding);
  }

  /**
   * Returns a BERT with a new classifier, from a folder or a name in the Hub's cache; see {@link
   * #bertForSequenceClassification(Path, int)} and {@link ModelFolders#resolve}.
   */
  public static BertForSequenceClassification bertForSequenceClassification(
      String folderOrName, int numLabels) throws IOException {
    return bertForSequenceClassification(ModelFolders.resolve(folderOrName), numLabels);
  }

  /**
   * Returns a BERT with a new classifier of named labels; see {@link
   * #bertForSequenceClassification(Path, int)}.
   */
  public static BertForSequenceClassification bertForSequenceClassification(
      Path folder, List<String> labels) throws IOException {
    return bertForSequenceClassification(folder, labels, Encodings.FLOAT32);
  }

  /**
   * Returns a BERT with a new classifier of named labels, from a folder or a name in the Hub's
   * cache; see {@link #bertForSequenceClassification(Path, List)} and {@link ModelFolders#resolve}.
   */
  public static BertForSequenceClassification bertForSequenceClassification(
      String folderOrName, List<String> labels) throws IOException {
    return bertForSequenceClassification(ModelFolders.resolve(folderOrName), labels);
  }

  /**
   * Returns a BERT with weights in an encoding and a new classifier of named labels; see {@link
   * #bertForSequenceClassification(Path, int, Encoding)}.
   */
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
   * none. They are initialised at random, so an adapter must save them ({@code modulesToSave}).
   *
   * @throws dev.peft4j.io.FileFormatException if a file is missing or not valid
   */
  public static List<String> newLayers(Path folder) throws IOException {
    return FamilyFolder.open(folder).weights(Held.in(Encodings.FLOAT32)).newLayers();
  }

  /**
   * Fills a model, such as a subclass of {@link BertForSequenceClassification}, with the weights of
   * a folder, and puts it into evaluation mode. Its parameters must have the names of the
   * checkpoint of a model with a head ({@code bert.embeddings...}), or it must be an {@link
   * Encoder}. The weights of a {@link CausalLm} stay in the type that they have in the file. The
   * family is that of the model if it has a type ({@link HasModelType}), else that of the folder.
   * Adapters of the model, such as those of a class that the processor wrote, stay; those that
   * begin with a part of the weights begin again.
   *
   * @throws dev.peft4j.io.FileFormatException if a file is missing or not valid
   * @throws dev.peft4j.io.StateDictException if the weights do not fit; nothing is replaced then
   */
  public static <M extends Module> M load(Path folder, M model) throws IOException {
    return fill(
        folder, model, model instanceof CausalLm ? Held.asStored() : Held.in(Encodings.FLOAT32));
  }

  /** Fills a model with weights in an encoding; see {@link #load(Path, Module)}. */
  public static <M extends Module> M load(Path folder, M model, Encoding encoding)
      throws IOException {
    return fill(folder, model, Held.in(encoding));
  }

  private static <M extends Module> M fill(Path folder, M model, Held held) throws IOException {
    ModelFamily family =
        model instanceof HasModelType m ? ModelFamily.of(m.modelType()) : family(folder);
    WeightSource files = WeightSource.open(ModelFolder.open(folder));
    ModelWeights weights = new ModelWeights(family, files, held);
    if (model instanceof CausalLm lm && weights.tied(lm.config()).tied() != lm.config().tied()) {
      throw new FileFormatException(
          folder,
          "has an output layer that is not the embedding, but the model's are tied; make the model"
              + " with the settings of Transformers.decoderConfig");
    }
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
   *     unknown
   */
  public static ModelFamily family(Path folder) throws IOException {
    return FamilyFolder.open(folder).family();
  }

  /** Returns the settings of the encoder in a folder. */
  public static EncoderConfig encoderConfig(Path folder) throws IOException {
    return FamilyFolder.open(folder).config(null);
  }

  /**
   * Returns the settings of the encoder in a folder with a new classifier; those of the folder's
   * own one are ignored.
   *
   * @param numLabels the number of labels of the new classifier
   */
  public static EncoderConfig encoderConfig(Path folder, int numLabels) throws IOException {
    return FamilyFolder.open(folder).config(EncoderConfig.numbered(numLabels));
  }
}
