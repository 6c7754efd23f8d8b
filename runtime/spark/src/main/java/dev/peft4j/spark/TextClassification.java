package dev.peft4j.spark;

import dev.peft4j.data.Rng;
import dev.peft4j.dataset.DataFile;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.Batches;
import dev.peft4j.transformers.SequenceClassifier;
import dev.peft4j.transformers.TokenBatch;
import dev.peft4j.transformers.Tokenizer;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;

/**
 * A recipe for a classifier of texts: an encoder in a folder that every executor has, with an
 * adapter.
 */
public final class TextClassification
    implements TrainingRecipe<
        SequenceClassifier, AdaptedModel<SequenceClassifier>, TextClassification.Batch> {
  private static final long serialVersionUID = 1L;
  private static final int MAX_LENGTH = 128;

  private final String folder;
  private final List<String> labels;
  private final AdapterSettings adapter;
  private final @Nullable String file;
  private final String text;
  private final String label;
  private final List<Example> rows;
  private final int size;
  private final long seed;
  private final int maxLength;

  /** A batch of texts with the indices of their labels. */
  public record Batch(TokenBatch texts, Tensor labels) {}

  private record Example(String text, int label) implements Serializable {
    private static final long serialVersionUID = 1L;
  }

  private TextClassification(
      String folder,
      List<String> labels,
      AdapterSettings adapter,
      @Nullable String file,
      String text,
      String label,
      List<Example> rows,
      int size,
      long seed,
      int maxLength) {
    this.folder = folder;
    this.labels = List.copyOf(labels);
    this.adapter = adapter;
    this.file = file;
    this.text = text;
    this.label = label;
    this.rows = List.copyOf(rows);
    this.size = size;
    this.seed = seed;
    this.maxLength = maxLength;
  }

  /**
   * Returns a recipe whose examples are in a file that every executor can read: JSONL, CSV or TSV.
   * Batches have 32 texts of at most 128 tokens, in an order of seed 0, unless they are set.
   *
   * @param folder the model's
   * @param labels their names, in their order
   * @param text the column of texts
   * @param label the column of labels
   */
  public static TextClassification of(
      Path folder,
      List<String> labels,
      AdapterSettings adapter,
      Path file,
      String text,
      String label) {
    return new TextClassification(
        folder.toString(),
        labels,
        adapter,
        file.toString(),
        text,
        label,
        List.of(),
        32,
        0,
        MAX_LENGTH);
  }

  /**
   * Returns a recipe whose examples are the rows of a dataset, in their order. They are collected,
   * and travel to each executor once.
   *
   * @see #of(Path, List, AdapterSettings, Path, String, String)
   * @throws IllegalArgumentException if a row has a label that is not among {@code labels}, or a
   *     null
   */
  public static TextClassification of(
      Path folder,
      List<String> labels,
      AdapterSettings adapter,
      Dataset<Row> data,
      String text,
      String label) {
    List<Example> rows = new ArrayList<>();
    for (Row r : data.select(text, label).collectAsList()) {
      if (r.isNullAt(0) || r.isNullAt(1)) {
        throw new IllegalArgumentException(
            "row " + (rows.size() + 1) + " has no " + (r.isNullAt(0) ? text : label));
      }
      String name = String.valueOf(r.get(1));
      rows.add(
          new Example(String.valueOf(r.get(0)), index(labels, name, "row " + (rows.size() + 1))));
    }
    return new TextClassification(
        folder.toString(), labels, adapter, null, text, label, rows, 32, 0, MAX_LENGTH);
  }

  /** Returns this with another number of texts in a batch, which is what one task computes. */
  public TextClassification batch(int texts) {
    return new TextClassification(
        folder, labels, adapter, file, text, label, rows, texts, seed, maxLength);
  }

  /** Returns this with another seed of the order and of what is random in the model. */
  public TextClassification seed(long value) {
    return new TextClassification(
        folder, labels, adapter, file, text, label, rows, size, value, maxLength);
  }

  /** Returns this with another limit of a text's tokens; the rest is cut. */
  public TextClassification maxLength(int tokens) {
    return new TextClassification(
        folder, labels, adapter, file, text, label, rows, size, seed, tokens);
  }

  private static int index(List<String> labels, String name, String where) {
    int i = labels.indexOf(name);
    if (i < 0) {
      throw new IllegalArgumentException(
          where + " has the label '" + name + "', expected one of " + labels);
    }
    return i;
  }

  @Override
  public SequenceClassifier base() throws IOException {
    Path path = Path.of(folder);
    try {
      return Rng.with(
          seed,
          () -> {
            try {
              return Transformers.sequenceClassifier(path, labels);
            } catch (IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
          });
    } catch (java.io.UncheckedIOException e) {
      throw e.getCause();
    }
  }

  @Override
  public AdaptedModel<SequenceClassifier> adapt(SequenceClassifier base) {
    return Rng.with(new Rng(seed).split(), () -> PeftModel.of(base, adapter.get()));
  }

  @Override
  public Batches<Batch> data() throws IOException {
    Tokenizer tokenizer = Tokenizer.load(Path.of(folder), maxLength);
    return Batches.shuffled(
        examples(),
        size,
        seed,
        some ->
            new Batch(
                tokenizer.encode(some.stream().map(Example::text).toList()),
                Tensor.of(some.stream().mapToInt(Example::label).toArray())));
  }

  private List<Example> examples() throws IOException {
    String path = file;
    if (path == null) {
      return rows;
    }
    List<Example> read =
        DataFile.of(Path.of(path))
            .read(r -> new Example(r.text(text), index(labels, r.text(label), "a row")));
    if (read.isEmpty()) {
      throw new FileFormatException(Path.of(path), "has no examples");
    }
    return read;
  }

  @Override
  public Tensor loss(AdaptedModel<SequenceClassifier> model, Batch batch) {
    SequenceClassifier m = model.model();
    return m.loss(m.forward(batch.texts()), batch.labels());
  }

  @Override
  public String origin() {
    return folder;
  }
}
