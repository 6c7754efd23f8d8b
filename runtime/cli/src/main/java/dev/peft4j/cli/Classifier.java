package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Shape;
import dev.peft4j.io.Adapter;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.io.AtomicFiles;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.ModelFolder;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.io.PythonJson;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.EncoderConfig;
import dev.peft4j.transformers.MaxLengthException;
import dev.peft4j.transformers.ModelFamily;
import dev.peft4j.transformers.ProblemType;
import dev.peft4j.transformers.SequenceClassifier;
import dev.peft4j.transformers.TokenBatch;
import dev.peft4j.transformers.Tokenizer;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.PeftModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A model that classifies texts.
 *
 * @param model the model, with its adapter if it has one
 * @param adapted its adapter, or null
 * @param tokenizer the tokenizer of texts
 * @param labels the labels' names
 */
record Classifier(
    SequenceClassifier model, @Nullable PeftModel adapted, Tokenizer tokenizer, List<String> labels)
    implements AutoCloseable {
  private static final String LABELS_FILE = "labels.json";
  private static final int DEFAULT_LENGTH = 128;

  /** Returns the model in a folder with a new classifier for {@code labels}. */
  static Classifier toTrain(ModelOptions options, List<String> labels) throws IOException {
    Tokenizer tokenizer = tokenizer(options);
    SequenceClassifier model =
        Transformers.sequenceClassifier(options.folder, labels, options.encodingOfClassifier());
    Weights.requireFinite(options.folder, model);
    return new Classifier(model, null, tokenizer, labels);
  }

  /** Returns the model in a folder, with an adapter or with its own classifier. */
  static Classifier load(ModelOptions options, @Nullable Path adapter) throws IOException {
    if (adapter == null) {
      Tokenizer tokenizer = tokenizer(options);
      requireTrained(
          options.folder, Set.of(), "; name one with --adapter, or train one with 'peft4j train'");
      List<String> labels = ModelLabels.of(options.folder);
      SequenceClassifier own = ownClassifier(options);
      Weights.requireFinite(options.folder, own);
      return new Classifier(own, null, tokenizer, labels);
    }
    Adapter weights = AdapterFolder.read(AdapterPath.of(adapter));
    weights.checkFinite();
    requireTrained(options.folder, weights.tensors().keySet(), ", nor has the adapter " + adapter);
    Tokenizer tokenizer = tokenizer(options);
    Integer rows =
        rowsOfClassifier(
            adapter.resolve(PeftFormat.WEIGHTS_FILE),
            Transformers.family(options.folder).outputLayer());
    List<String> labels =
        rows == null ? ModelLabels.of(options.folder) : labels(adapter, rows, options.folder);
    SequenceClassifier base =
        rows == null
            ? ownClassifier(options)
            : Transformers.sequenceClassifier(
                options.folder, labels, options.encodingOfClassifier());
    Weights.requireFinite(options.folder, base);
    PeftModel adapted = CommandException.ofSettings(() -> PeftModel.load(base, adapter));
    return new Classifier(base, adapted, tokenizer, labels);
  }

  /** Returns the model with its own classifier, which gives each text one label. */
  private static SequenceClassifier ownClassifier(ModelOptions options) throws IOException {
    Path folder = options.folder;
    SequenceClassifier own =
        Transformers.sequenceClassifier(folder, options.encodingOfClassifier());
    ProblemType problem = own.config().problemType();
    if (problem != null && problem != ProblemType.SINGLE_LABEL) {
      throw new FileFormatException(
          folder.resolve("config.json"),
          "problem_type is \""
              + problem.configName()
              + "\", expected \"single_label_classification\" or null, as each text gets one"
              + " label");
    }
    return own;
  }

  /** Throws for untrained layers, which would give random labels. */
  private static void requireTrained(Path folder, Set<String> ofAdapter, String hint)
      throws IOException {
    ModelFamily family = Transformers.family(folder);
    List<String> ofModel = ModelFolder.open(folder).names();
    List<String> layers = new ArrayList<>(List.of(family.outputLayer()));
    String encoder = family.prefix() + ".";
    for (String path : family.betweenLayers()) {
      layers.add(path.startsWith(encoder) ? path.substring(encoder.length()) : path);
    }
    for (String layer : layers) {
      boolean there =
          ofModel.stream().anyMatch(n -> isIn(n, layer) && n.endsWith(".weight"))
              || ofAdapter.stream().anyMatch(n -> isSaved(n, layer));
      if (!there) {
        throw new FileFormatException(folder, "has no " + layer + " (" + layer + ".weight)" + hint);
      }
    }
  }

  private static boolean isIn(String name, String layer) {
    return ("." + name).contains("." + layer + ".");
  }

  /** Returns whether a weight in an adapter is a layer's own one, which replaces the base's. */
  private static boolean isSaved(String name, String layer) {
    return isIn(name, layer) && name.endsWith(".weight") && !name.contains("lora_");
  }

  private static Tokenizer tokenizer(ModelOptions options) throws IOException {
    int length = maxLength(options);
    return roomy(() -> Tokenizer.load(options.folder, length));
  }

  private interface Tokenizing<T> {
    T get() throws IOException;
  }

  /**
   * Runs {@code work}, and reports in the words of the command line if special tokens leave no room
   * for a text.
   */
  private static <T> T roomy(Tokenizing<T> work) throws IOException {
    try {
      return work.get();
    } catch (MaxLengthException e) {
      throw new UsageException(e.messageFor("--max-length"));
    } catch (IllegalArgumentException e) {
      throw new CommandException(String.valueOf(e.getMessage()));
    }
  }

  /** Returns the maximum number of tokens of a text. */
  static int maxLength(ModelOptions options) throws IOException {
    int most = Transformers.encoderConfig(options.folder, 1).maxTokens() - options.virtual;
    Integer asked = options.maxLength;
    if (most < 1) {
      throw new UsageException(
          "--virtual-tokens is %d: no position of the model is left for a text"
              .formatted(options.virtual));
    }
    if (asked != null && (asked < 1 || asked > most)) {
      throw new UsageException(
          "--max-length is " + asked + ", the model takes 1 to " + most + " tokens");
    }
    return asked == null
        ? Math.min(DEFAULT_LENGTH, Math.min(most, Tokenizer.modelMaxLength(options.folder)))
        : asked;
  }

  /** Returns the number of labels of an adapter's classifier; null if it has none. */
  private static @Nullable Integer rowsOfClassifier(Path weights, String layer) throws IOException {
    Map<String, Shape> shapes = SafeTensors.open(weights).shapes();
    Shape shape = shapes.get("base_model.model." + layer + ".weight");
    if (shape == null) { // of an adapter of the whole model
      shape = shapes.get("base_model." + layer + ".weight");
    }
    if (shape != null && shape.rank() != 2) {
      throw new FileFormatException(
          weights, "has a classifier of shape " + shape + ", expected (labels, features)");
    }
    return shape == null ? null : shape.dim(0);
  }

  private static List<String> labels(Path adapter, int count, Path model) throws IOException {
    Path file = adapter.resolve(LABELS_FILE);
    if (AtomicFiles.exists(file)) {
      List<String> labels = Labels.listed(file, PythonJson.read(file).path("labels"));
      if (labels.size() != count) {
        throw new FileFormatException(
            file, "has " + labels.size() + " labels, the adapter's classifier has " + count);
      }
      return labels;
    }
    TrainedWith with = TrainedWith.read(adapter);
    if (with != null && with.labels().size() == count) {
      return with.labels();
    }
    EncoderConfig config = Transformers.encoderConfig(model);
    return config.numLabels() == count
        ? ModelLabels.of(model)
        : IntStream.range(0, count).mapToObj(i -> "LABEL_" + i).toList();
  }

  /** Writes the labels' names beside an adapter. */
  static void writeLabels(Path adapter, List<String> labels) throws IOException {
    ObjectNode tree = Out.object();
    labels.forEach(l -> tree.withArray("labels").add(l));
    AtomicFiles.write(adapter.resolve(LABELS_FILE), PythonJson.format(tree));
  }

  /** Returns the tokens of some examples. */
  TokenBatch encode(List<Example> examples) {
    List<String> texts = examples.stream().map(Example::text).toList();
    List<String> seconds = new ArrayList<>();
    for (Example e : examples) {
      if (e.second() != null) {
        seconds.add(Objects.requireNonNull(e.second()));
      }
    }
    try {
      return roomy(
          () -> seconds.isEmpty() ? tokenizer.encode(texts) : tokenizer.encode(texts, seconds));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Returns the logits of each example, in the order of the examples. Texts of similar length are
   * in the same batch, which saves padding.
   *
   * @throws CommandException if one is NaN or infinite
   */
  float[][] logits(List<Example> examples, int batch) {
    int[] order =
        IntStream.range(0, examples.size())
            .boxed()
            .sorted(Comparator.comparingInt(i -> examples.get(i).text().length()))
            .mapToInt(Integer::intValue)
            .toArray();
    float[][] all = new float[order.length][];
    for (int from = 0; from < order.length; from += batch) {
      int to = Math.min(from + batch, order.length);
      List<Example> some = new ArrayList<>();
      for (int i = from; i < to; i++) {
        some.add(examples.get(order[i]));
      }
      Tensor logits = model.forward(encode(some));
      float[] values = logits.toFloats();
      for (int i = from; i < to; i++) {
        int n = labels.size();
        float[] row = Arrays.copyOfRange(values, (i - from) * n, (i - from + 1) * n);
        if (!Scores.areFinite(row)) {
          throw overflow(order[i], examples.get(order[i]), row);
        }
        all[order[i]] = row;
      }
    }
    return all;
  }

  private CommandException overflow(int index, Example example, float[] logits) {
    PeftModel own = adapted;
    boolean inFile = example.place().line() > 0;
    return new CommandException(
        "the scores of "
            + (inFile ? "the example in " + example.place() : "text " + (index + 1))
            + " are "
            + Arrays.toString(logits)
            + ", needed finite numbers; "
            + Weights.suspect(own == null ? model.namedParameters() : own.namedParameters())
            + (own == null ? "" : "; or the adapter's scale (lora_alpha) is too large"));
  }

  /** Returns loss, accuracy and macro F1 on examples with known labels. */
  Map<String, Double> evaluate(LabelledExamples examples, int batch) {
    return Scores.of(logits(examples.examples(), batch), examples.labels());
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
