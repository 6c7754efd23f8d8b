package dev.peft4j.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.peft4j.io.AtomicFiles;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.PythonJson;
import dev.peft4j.train.Batches;
import dev.peft4j.train.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The training options that users of a classifier need: {@code training.json} beside an adapter,
 * and the same in each checkpoint.
 *
 * @param labels the labels' names in their order
 * @param maxLength the maximum number of tokens of a text
 * @param text the column of the text
 * @param second the column of the second text of a pair, or null
 * @param label the column of the label
 */
record TrainedWith(
    List<String> labels, int maxLength, String text, @Nullable String second, String label) {
  static final String FILE = "training.json";

  private static final String FORMAT = "peft4j training 1";
  private static final String CHECKPOINT_FILE = "training_state.json";
  private static final String LABELS = "labels";
  private static final String LENGTH = "max length";
  private static final String TEXT = "text column";
  private static final String SECOND = "second text column";
  private static final String LABEL = "label column";
  private static final List<String> PROBE =
      List.of(
          "The quick brown fox wasn't 42 years old; na\u00efve caf\u00e9s, \u4e2d\u6587!",
          "the film was great");
  private static final JsonMapper JSON = new JsonMapper();

  static TrainedWith of(List<String> labels, ModelOptions model, DataColumns columns)
      throws IOException {
    return new TrainedWith(
        labels, Classifier.maxLength(model), columns.text, columns.second, columns.label);
  }

  /** Returns facts by name, each value as JSON, including what identifies the tokenizer. */
  Map<String, String> facts(Classifier classifier) {
    Map<String, String> facts = new LinkedHashMap<>();
    tree().properties().forEach(e -> facts.put(e.getKey(), e.getValue().toString()));
    Batches.of(List.of(classifier.tokenizer().encode(PROBE)))
        .fingerprint()
        .forEach((name, value) -> facts.put("tokenizer's " + name, '"' + value + '"'));
    return facts;
  }

  private ObjectNode tree() {
    ObjectNode tree = Out.object();
    labels.forEach(l -> tree.withArray(LABELS).add(l));
    tree.put(LENGTH, maxLength);
    tree.put(TEXT, text).put(SECOND, second).put(LABEL, label);
    return tree;
  }

  /**
   * Writes the options beside an adapter.
   *
   * @param data what identifies the data
   * @param options the training options
   */
  void write(Path adapter, Map<String, String> data, TrainOptions options) throws IOException {
    ObjectNode tree = Out.object().put("format", FORMAT);
    tree.setAll(tree());
    ObjectNode facts = tree.putObject("data");
    data.forEach(facts::put);
    options.write(tree.putObject("settings"));
    AtomicFiles.write(adapter.resolve(FILE), PythonJson.format(tree) + "\n");
  }

  /** Copies the options from an adapter to a merged model; does nothing if there are none. */
  static void copy(Path adapter, Path model) throws IOException {
    if (AtomicFiles.exists(adapter.resolve(FILE))) {
      Files.copy(AtomicFiles.current(adapter.resolve(FILE)), model.resolve(FILE));
    }
  }

  /**
   * Reads the options of an adapter, a checkpoint or a merged model.
   *
   * @return null if there is none
   * @throws FileFormatException if the file is not valid
   */
  static @Nullable TrainedWith read(Path folder) throws IOException {
    Path file = folder.resolve(FILE);
    if (AtomicFiles.exists(file)) {
      ObjectNode tree = PythonJson.read(file);
      String format = tree.path("format").asText();
      if (!format.equals(FORMAT)) {
        throw new FileFormatException(
            file, "has the format '" + format + "', expected '" + FORMAT + "'");
      }
      String task = tree.path("task").asText();
      if (Task.isLanguageModel(task)) {
        throw new FileFormatException(
            file, "is of a language model (task " + task + "), expected that of a classifier");
      }
      return of(file, tree);
    }
    Path checkpoint = folder.resolve(CHECKPOINT_FILE);
    if (!Files.exists(checkpoint)) {
      return null;
    }
    ObjectNode tree = Out.object();
    for (Map.Entry<String, String> e : new Checkpoint(folder, 0).remembered().entrySet()) {
      try {
        tree.set(e.getKey(), JSON.readTree(e.getValue()));
      } catch (JsonProcessingException x) {
        throw new FileFormatException(checkpoint, "has a wrong '" + e.getKey() + "'", x);
      }
    }
    return tree.has(LABELS) ? of(checkpoint, tree) : null;
  }

  private static TrainedWith of(Path file, ObjectNode tree) throws FileFormatException {
    List<String> labels = Labels.listed(file, tree.path(LABELS));
    JsonNode length = tree.path(LENGTH);
    if (!length.canConvertToInt() || length.intValue() < 1) {
      throw new FileFormatException(
          file, "has the " + LENGTH + " " + length + ", expected a positive number");
    }
    String text = name(file, tree, TEXT);
    String label = name(file, tree, LABEL);
    if (text == null || label == null) {
      throw new FileFormatException(file, "has no " + (text == null ? TEXT : LABEL));
    }
    return new TrainedWith(labels, length.intValue(), text, name(file, tree, SECOND), label);
  }

  private static @Nullable String name(Path file, ObjectNode tree, String key)
      throws FileFormatException {
    JsonNode value = tree.path(key);
    return switch (value) {
      case TextNode t -> t.textValue();
      case NullNode _ -> null;
      default ->
          throw new FileFormatException(
              file, "has the " + key + " " + value + ", expected a name in quotes or null");
    };
  }

  /**
   * Applies the options that were not given on the command line. Given options have priority; a
   * message says if they differ.
   */
  void apply(ModelOptions model, DataColumns columns, Out out) {
    DataColumns before = new DataColumns();
    Integer length = model.maxLength;
    if (length == null) {
      model.maxLength = maxLength;
    } else if (length != maxLength) {
      said(out, "--max-length", length, maxLength);
    }
    if (!out.isGiven("--text")) {
      columns.text = text;
    } else if (!columns.text.equals(text)) {
      said(out, "--text", columns.text, text);
    }
    if (!out.isGiven("--label")) {
      columns.label = label;
    } else if (!columns.label.equals(label)) {
      said(out, "--label", columns.label, label);
    }
    String asked = columns.second;
    if (asked == null) {
      columns.second = second;
    } else if (asked.isEmpty()) { // none, though it was trained with pairs
      columns.second = null;
      if (second != null) {
        said(out, "--second-text", "empty", second);
      }
    } else if (!asked.equals(second)) {
      said(out, "--second-text", asked, second == null ? "no second text" : second);
    }
    boolean ordinary = text.equals(before.text) && label.equals(before.label) && second == null;
    if (!ordinary) {
      out.note(
          "columns: --text %s%s --label %s, as in training unless given",
          columns.text,
          columns.second == null ? "" : " --second-text " + columns.second,
          columns.label);
    }
  }

  private static void said(Out out, String option, Object given, Object trained) {
    out.note("%s is %s; the classifier was trained with %s", option, given, trained);
  }
}
