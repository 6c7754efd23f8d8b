package dev.peft4j.tuner.multitaskprompttuning;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.ModelSlots;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.CallInputs;
import dev.peft4j.tuner.prompt.PromptLayer;
import dev.peft4j.tuner.prompt.WordRows;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/** {@link MultitaskPromptTuningTuner} in a model. */
final class MultitaskLayer extends PromptLayer {
  private static final String COLUMNS = "prefix_task_cols";
  private static final String ROWS = "prefix_task_rows";
  private static final float STD = 0.02f;

  private final Parameter table;
  private final Parameter columns;
  private final Parameter rows;

  MultitaskLayer(ModelSlots model, MultitaskPromptTuningConfig c, Rng rng) {
    super(c.virtual().tokens());
    int tokens = c.virtual().tokens();
    int width = c.virtual().width();
    MultitaskStart start = c.virtual().inference() ? MultitaskStart.RANDOM : c.start();
    this.table =
        start == MultitaskStart.TEXT
            ? WordRows.ofText(model, tokens, tokenizer(c), c.initText())
            : WordRows.random(tokens, width, rng);
    this.columns = Initial.normal(rng, STD, c.tasks(), tokens, c.ranks());
    this.rows = Initial.normal(rng, STD, c.tasks(), c.ranks(), width);
    if (start.ordinal() >= MultitaskStart.AVERAGE_SOURCE_TASKS.ordinal()) {
      take(c, start);
    }
  }

  private static String tokenizer(MultitaskPromptTuningConfig c) {
    return c.tokenizer().isEmpty() ? Objects.requireNonNullElse(c.baseModel(), "") : c.tokenizer();
  }

  private void take(MultitaskPromptTuningConfig c, MultitaskStart start) {
    if (!c.source().endsWith(".safetensors")) {
      throw new IllegalArgumentException(
          "the start "
              + start
              + " needs a source: a .safetensors file of an adapter of source tasks; found '"
              + c.source()
              + "'");
    }
    try {
      SafeTensors file = SafeTensors.open(Path.of(c.source()));
      set(table, c, tensor(file, "prompt_embeddings"));
      if (start != MultitaskStart.ONLY_SOURCE_SHARED) {
        set(columns, c, ofTask(tensor(file, COLUMNS), c, start));
        set(rows, c, ofTask(tensor(file, ROWS), c, start));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  private static Tensor ofTask(Tensor all, MultitaskPromptTuningConfig c, MultitaskStart start) {
    if (start == MultitaskStart.AVERAGE_SOURCE_TASKS) {
      return all.mean(0).reshape(1, all.dim(1), all.dim(2));
    }
    if (c.sourceTask() >= all.dim(0)) {
      throw new IllegalArgumentException(
          "sourceTask is " + c.sourceTask() + ", the source has " + all.dim(0) + " tasks");
    }
    return all.slice(0, c.sourceTask(), c.sourceTask() + 1);
  }

  private static Tensor tensor(SafeTensors file, String name) throws IOException {
    if (!file.contains(name)) {
      throw new IllegalArgumentException(
          file.file() + " has no '" + name + "'; it has " + file.names());
    }
    return Tensor.of(file.storage(name), file.info(name).shape());
  }

  private static void set(Parameter p, MultitaskPromptTuningConfig c, Tensor value) {
    Shape found = value.shape();
    if (!found.equals(p.shape())) {
      throw new IllegalArgumentException(
          "the source "
              + c.source()
              + " has a tensor of shape "
              + found
              + " where the adapter needs "
              + p.shape()
              + ": tokens and ranks have to be those of the source, and a change of a source task"
              + " is for one task");
    }
    p.set(value.toFloats());
  }

  @Override
  protected Tensor rows(int batch) {
    Tensor tasks = CallInputs.require("task_ids", "multitask prompt tuning");
    if (tasks.shape().rank() != 1 || tasks.dim(0) != batch) {
      throw new IllegalArgumentException(
          "task_ids of shape "
              + tasks.shape()
              + " for "
              + batch
              + " rows: there must be one for each row");
    }
    Tensor change = of(columns, tasks).matmul(of(rows, tasks));
    return change.mul(table);
  }

  /** The matrix of each row's task. */
  private static Tensor of(Parameter all, Tensor tasks) {
    int n = all.shape().dim(0);
    int a = all.shape().dim(1);
    int b = all.shape().dim(2);
    return all.reshape(n, a * b).embedding(tasks).reshape(tasks.dim(0), a, b);
  }

  @Override
  public List<Entry> parameters() {
    return List.of(entry(COLUMNS, columns), entry(ROWS, rows), entry("embedding.weight", table));
  }

  @Override
  public String key(Entry entry) {
    return entry.suffix().startsWith("prefix_") ? entry.suffix() : super.key(entry);
  }
}
