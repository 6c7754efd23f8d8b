package dev.peft4j.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Shape;
import dev.peft4j.io.AtomicFiles;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.io.PythonJson;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.BertConfig;
import dev.peft4j.transformers.BertForSequenceClassification;
import dev.peft4j.transformers.TokenBatch;
import dev.peft4j.transformers.Tokenizer;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.PeftModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A model that gives texts labels.
 *
 * @param model the model, with its adapter if it has one
 * @param adapted its adapter, or null
 * @param tokenizer makes tokens of texts
 * @param labels the labels' names
 */
record Classifier(
    BertForSequenceClassification model,
    @Nullable PeftModel adapted,
    Tokenizer tokenizer,
    List<String> labels)
    implements AutoCloseable {
  private static final String LABELS_FILE = "labels.json";
  private static final int DEFAULT_LENGTH = 128;

  /** The model in a folder with a new classifier for {@code labels}. */
  static Classifier toTrain(ModelOptions options, List<String> labels) throws IOException {
    Tokenizer tokenizer = tokenizer(options);
    return new Classifier(
        Transformers.bertForSequenceClassification(options.folder, labels),
        null,
        tokenizer,
        labels);
  }

  /** The model in a folder, with an adapter or with its own classifier. */
  static Classifier load(ModelOptions options, @Nullable Path adapter) throws IOException {
    Tokenizer tokenizer = tokenizer(options);
    if (adapter == null) {
      BertForSequenceClassification own =
          Transformers.bertForSequenceClassification(options.folder);
      return new Classifier(own, null, tokenizer, own.config().labels());
    }
    Path weights = adapter.resolve(PeftFormat.WEIGHTS_FILE);
    Integer rows = Files.exists(weights) ? rowsOfClassifier(weights) : null;
    BertForSequenceClassification base;
    if (rows == null) {
      base = Transformers.bertForSequenceClassification(options.folder);
    } else {
      List<String> labels = labels(adapter, rows, Transformers.bertConfig(options.folder));
      base = Transformers.bertForSequenceClassification(options.folder, labels);
    }
    PeftModel adapted = PeftModel.load(base, adapter);
    return new Classifier(base, adapted, tokenizer, base.config().labels());
  }

  private static Tokenizer tokenizer(ModelOptions options) throws IOException {
    return Tokenizer.load(options.folder, maxLength(options));
  }

  /** Tokens that are kept of a text. */
  static int maxLength(ModelOptions options) throws IOException {
    int most = Transformers.bertConfig(options.folder).maxPositions();
    Integer asked = options.maxLength;
    if (asked != null && (asked < 1 || asked > most)) {
      throw new UsageException(
          "--max-length is " + asked + ", the model takes 1 to " + most + " tokens");
    }
    return asked == null ? Math.min(DEFAULT_LENGTH, most) : asked;
  }

  /** How many labels the classifier of an adapter has; null if it has none. */
  private static @Nullable Integer rowsOfClassifier(Path weights) throws IOException {
    Shape shape = SafeTensors.open(weights).shapes().get("base_model.model.classifier.weight");
    return shape == null || shape.rank() != 2 ? null : shape.dim(0);
  }

  private static List<String> labels(Path adapter, int count, BertConfig config)
      throws IOException {
    Path file = adapter.resolve(LABELS_FILE);
    if (Files.exists(file)) {
      ObjectNode tree = PythonJson.read(file);
      List<String> labels = new ArrayList<>();
      for (JsonNode label : tree.path("labels")) {
        labels.add(label.asText());
      }
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
    return config.numLabels() == count
        ? config.labels()
        : IntStream.range(0, count).mapToObj(i -> "LABEL_" + i).toList();
  }

  /** Writes the labels' names beside an adapter. */
  static void writeLabels(Path adapter, List<String> labels) throws IOException {
    ObjectNode tree = Out.object();
    labels.forEach(l -> tree.withArray("labels").add(l));
    AtomicFiles.write(adapter.resolve(LABELS_FILE), PythonJson.format(tree));
  }

  /** The tokens of some examples. */
  TokenBatch encode(List<Example> examples) {
    List<String> texts = examples.stream().map(Example::text).toList();
    List<String> seconds = new ArrayList<>();
    for (Example e : examples) {
      if (e.second() != null) {
        seconds.add(Objects.requireNonNull(e.second()));
      }
    }
    return seconds.isEmpty() ? tokenizer.encode(texts) : tokenizer.encode(texts, seconds);
  }

  /**
   * The labels' probabilities for each example, in the order of the examples. Texts of similar
   * length go together, which spares padding.
   */
  float[][] probabilities(List<Example> examples, int batch) {
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
      float[] p = logits.softmax(-1).toFloats();
      for (int i = from; i < to; i++) {
        int n = labels.size();
        all[order[i]] = Arrays.copyOfRange(p, (i - from) * n, (i - from + 1) * n);
      }
    }
    return all;
  }

  /** Loss, accuracy and macro F1 on examples whose labels are known. */
  Map<String, Double> evaluate(List<Example> examples, int[] expected, int batch) {
    float[][] p = probabilities(examples, batch);
    int n = labels.size();
    int[] right = new int[n];
    int[] predicted = new int[n];
    int[] there = new int[n];
    double loss = 0;
    for (int i = 0; i < p.length; i++) {
      int best = best(p[i]);
      loss -= Math.log(p[i][expected[i]]);
      there[expected[i]]++;
      predicted[best]++;
      right[best] += best == expected[i] ? 1 : 0;
    }
    double f1 = 0;
    int seen = 0;
    for (int l = 0; l < n; l++) {
      if (there[l] + predicted[l] > 0) {
        f1 += 2.0 * right[l] / (there[l] + predicted[l]);
        seen++;
      }
    }
    Map<String, Double> values = new TreeMap<>();
    values.put("loss", loss / p.length);
    values.put("accuracy", (double) IntStream.of(right).sum() / p.length);
    values.put("f1", f1 / seen);
    return values;
  }

  /** The place of the largest number, the first of equal ones. */
  static int best(float[] p) {
    int best = 0;
    for (int i = 1; i < p.length; i++) {
      best = p[i] > p[best] ? i : best;
    }
    return best;
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
