package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Rng;
import dev.peft4j.optim.AdamW;
import dev.peft4j.optim.Schedule;
import dev.peft4j.reports.LossCurve;
import dev.peft4j.reports.ProgressListener;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.Batches;
import dev.peft4j.train.Checkpoint;
import dev.peft4j.train.CsvLog;
import dev.peft4j.train.Every;
import dev.peft4j.train.Monitor;
import dev.peft4j.train.StopReason;
import dev.peft4j.train.Trainer;
import dev.peft4j.train.TrainingEvent;
import dev.peft4j.train.TrainingListener;
import dev.peft4j.train.TrainingResult;
import dev.peft4j.train.TrainingSettings;
import dev.peft4j.transformers.BertForSequenceClassification;
import dev.peft4j.transformers.TokenBatch;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.LoraConfig;
import dev.peft4j.tuner.PeftModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code peft4j train}. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    description = "Trains a LoRA adapter and a classifier on texts with labels.",
    footer = {
      "",
      "The output folder gets: adapter (peft's files, and the labels' names),",
      "checkpoints, loss.csv, evaluation.csv, loss.png. With data to evaluate on, the",
      "adapter is that of the best evaluation; else it is the last one."
    })
final class TrainCommand implements Callable<Integer> {
  /** A batch of examples. */
  private record Batch(TokenBatch texts, Tensor labels) {}

  private record Labelled(Example example, int label) {}

  @Mixin private ModelOptions model = new ModelOptions();
  @Mixin private DataColumns columns = new DataColumns();
  @Mixin private Out out = new Out();

  @Option(
      names = {"-d", "--data"},
      paramLabel = "FILE",
      required = true,
      showDefaultValue = Help.Visibility.NEVER,
      description = "Texts with labels: .jsonl, .csv or .tsv.")
  private Path data = Path.of("");

  @Option(
      names = {"-e", "--eval"},
      paramLabel = "FILE",
      description = "Texts with labels to evaluate on while training.")
  private @Nullable Path evalData;

  @Option(
      names = {"-o", "--out"},
      paramLabel = "FOLDER",
      required = true,
      showDefaultValue = Help.Visibility.NEVER,
      description = "Where the results go.")
  private Path folder = Path.of("");

  @Option(
      names = "--labels",
      paramLabel = "NAME",
      split = ",",
      description = "The labels in their order; by default those in the data, sorted.")
  private @Nullable List<String> labels;

  @Option(
      names = "--epochs",
      paramLabel = "N",
      defaultValue = "3",
      description = "Passes over the data.")
  private int epochs;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "0",
      description = "Most steps; 0 is no limit.")
  private long steps;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "16",
      description = "Texts in a batch.")
  private int batch;

  @Option(
      names = "--accumulation",
      paramLabel = "N",
      defaultValue = "1",
      description = "Batches whose gradients are averaged for one step.")
  private int accumulation;

  @Option(
      names = "--lr",
      paramLabel = "N",
      defaultValue = "5e-4",
      description = "Learning rate of AdamW.")
  private float lr;

  @Option(
      names = "--weight-decay",
      paramLabel = "N",
      defaultValue = "0.01",
      description = "Its weight decay.")
  private double decay;

  @Option(
      names = "--schedule",
      paramLabel = "NAME",
      defaultValue = "linear",
      description = "Course of the learning rate: ${COMPLETION-CANDIDATES}.")
  private Course course = Course.linear;

  @Option(
      names = "--warmup",
      paramLabel = "N",
      defaultValue = "0.06",
      description = "Part of the steps in which the learning rate grows.")
  private double warmup;

  @Option(
      names = "--clip",
      paramLabel = "N",
      defaultValue = "1",
      description = "Largest norm of the gradients; 0 does not clip.")
  private float clip;

  @Option(names = "--rank", paramLabel = "N", defaultValue = "8", description = "LoRA's rank.")
  private int rank;

  @Option(names = "--alpha", paramLabel = "N", defaultValue = "16", description = "LoRA's alpha.")
  private double alpha;

  @Option(
      names = "--dropout",
      paramLabel = "N",
      defaultValue = "0",
      description = "LoRA's dropout.")
  private double dropout;

  @Option(
      names = "--target",
      paramLabel = "NAME",
      split = ",",
      defaultValue = "query,value",
      description = "Layers that get an adapter, as in peft's target_modules.")
  private List<String> targets = List.of();

  @Option(
      names = "--eval-every",
      paramLabel = "STEPS",
      defaultValue = "0",
      description = "Steps between evaluations; 0 is after each epoch.")
  private long evalEvery;

  @Option(
      names = "--monitor",
      paramLabel = "NAME",
      defaultValue = "loss",
      description = "What makes an evaluation the best: ${COMPLETION-CANDIDATES}.")
  private Measure monitor = Measure.loss;

  @Option(
      names = "--patience",
      paramLabel = "N",
      defaultValue = "0",
      description = "Evaluations without improvement after which training ends; 0 never.")
  private int patience;

  @Option(
      names = "--checkpoint-every",
      paramLabel = "STEPS",
      defaultValue = "0",
      description = "Steps between checkpoints; 0 is after each epoch.")
  private long checkpointEvery;

  @Option(
      names = "--keep",
      paramLabel = "N",
      defaultValue = "2",
      description = "Checkpoints that are kept.")
  private int keep;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "Decides all that is random.")
  private long seed;

  @Option(
      names = "--resume",
      description = "Go on from the last checkpoint in the output folder, if there is one.")
  private boolean resume;

  @Option(names = "--quiet", description = "No progress bar.")
  private boolean quiet;

  /** Courses of the learning rate. */
  enum Course {
    constant,
    linear,
    cosine;

    Schedule over(long total, long warmup) {
      return switch (this) {
        case constant -> step -> step < warmup ? (double) step / Math.max(1, warmup) : 1;
        case linear -> Schedule.linear(warmup, total);
        case cosine -> Schedule.cosine(warmup, total);
      };
    }
  }

  /** What evaluations measure. */
  enum Measure {
    loss,
    accuracy,
    f1
  }

  @Override
  public Integer call() throws Exception {
    check();
    return model.run(this::train);
  }

  private void check() {
    atLeast("--batch", batch, 1);
    atLeast("--epochs", epochs, 0);
    atLeast("--steps", steps, 0);
    atLeast("--accumulation", accumulation, 1);
    atLeast("--eval-every", evalEvery, 0);
    atLeast("--checkpoint-every", checkpointEvery, 0);
    atLeast("--patience", patience, 0);
    atLeast("--keep", keep, 1);
    atLeast("--rank", rank, 1);
    between("--warmup", warmup, 0, 1);
    between("--dropout", dropout, 0, 0.999);
    between("--lr", lr, 0, Float.MAX_VALUE);
    between("--weight-decay", decay, 0, Double.MAX_VALUE);
    between("--clip", clip, 0, Float.MAX_VALUE);
    between("--alpha", alpha, Double.MIN_VALUE, Double.MAX_VALUE);
    if (epochs == 0 && steps == 0) {
      throw new UsageException("--epochs and --steps are both 0; needed is when to end");
    }
    if (evalData == null && patience > 0) {
      throw new UsageException("--patience needs data to evaluate on: --eval FILE");
    }
  }

  private static void atLeast(String name, long value, long least) {
    if (value < least) {
      throw new UsageException(name + " is " + value + ", must be at least " + least);
    }
  }

  private static void between(String name, double value, double least, double most) {
    if (!(value >= least && value <= most)) {
      throw new UsageException(
          name + " is " + value + ", must be at least " + least + " and at most " + most);
    }
  }

  private int train() throws IOException {
    List<Example> examples = DataFile.read(data, columns, true);
    List<String> names = labels == null ? DataFile.labels(examples) : labels;
    if (names.size() < 2) {
      throw new UsageException(
          "the labels are " + names + "; a classifier needs at least two, see --labels");
    }
    int[] expected = DataFile.indices(data, examples, names);
    Path evalFile = evalData;
    List<Example> evalExamples =
        evalFile == null ? List.of() : DataFile.read(evalFile, columns, true);
    int[] evalExpected =
        evalFile == null ? new int[0] : DataFile.indices(evalFile, evalExamples, names);
    try (Classifier classifier =
        Rng.with(seed, () -> unchecked(() -> Classifier.toTrain(model, names)))) {
      AdaptedModel<BertForSequenceClassification> adapted =
          Rng.with(new Rng(seed).split(), () -> PeftModel.of(classifier.model(), lora()));
      out.note("%s", adapted.trainableSummary());
      long start = System.nanoTime();
      Trainer<Batch> trainer = trainer(classifier, adapted, examples, expected);
      Losses losses = new Losses();
      trainer.listener(losses);
      if (evalFile != null) {
        trainer.evaluator(() -> classifier.evaluate(evalExamples, evalExpected, batch));
      }
      TrainingResult result = run(trainer);
      Path best = result.bestCheckpoint();
      if (best != null) {
        adapted.load(best);
      }
      Path adapter = folder.resolve("adapter");
      adapted.save(adapter);
      Classifier.writeLabels(adapter, names);
      classifier.model().eval();
      Map<String, Double> evaluation =
          evalFile == null ? Map.of() : classifier.evaluate(evalExamples, evalExpected, batch);
      report(result, losses, evaluation, adapter, (System.nanoTime() - start) / 1e9);
      return result.reason() == StopReason.STOPPED ? Main.FAILED : 0;
    }
  }

  private LoraConfig lora() {
    return LoraConfig.builder()
        .targets(targets.toArray(new String[0]))
        .r(rank)
        .alpha(alpha)
        .dropout(dropout)
        .taskType("SEQ_CLS")
        .baseModel(model.folder.toString())
        .build();
  }

  private Trainer<Batch> trainer(
      Classifier classifier,
      AdaptedModel<BertForSequenceClassification> adapted,
      List<Example> examples,
      int[] expected) {
    List<Labelled> labelled = new ArrayList<>();
    for (int i = 0; i < expected.length; i++) {
      labelled.add(new Labelled(examples.get(i), expected[i]));
    }
    Batches<Batch> batches =
        Batches.shuffled(
            labelled,
            batch,
            seed,
            some ->
                new Batch(
                    classifier.encode(some.stream().map(Labelled::example).toList()),
                    Tensor.of(some.stream().mapToInt(Labelled::label).toArray())));
    AdamW optimizer =
        AdamW.builder().lr(lr).weightDecay(decay).build(adapted.trainableParameters());
    BertForSequenceClassification m = classifier.model();
    Trainer<Batch> trainer =
        Trainer.of(adapted, optimizer, batches, b -> m.loss(m.forward(b.texts()), b.labels()))
            .settings(settings())
            .checkpoints(folder.resolve("checkpoints"))
            .listener(new CsvLog(folder))
            .listener(new LossCurve(folder, folder.resolve("loss.png")));
    if (!quiet) {
      trainer.listener(new ProgressListener("train"));
    }
    return trainer;
  }

  private TrainingSettings settings() {
    Monitor best =
        monitor == Measure.loss ? Monitor.lowest("loss") : Monitor.highest(monitor.name());
    return TrainingSettings.builder()
        .epochs(epochs)
        .steps(steps)
        .accumulation(accumulation)
        .clipNorm(clip)
        .scheduleOver(total -> course.over(total, Math.round(warmup * total)))
        .evaluate(evalEvery == 0 ? Every.epoch() : Every.steps(evalEvery))
        .checkpoint(checkpointEvery == 0 ? Every.epoch() : Every.steps(checkpointEvery))
        .monitor(best.patience(patience))
        .keep(keep)
        .seed(seed)
        .build();
  }

  /** Runs it; a process that is asked to end does so with a checkpoint. */
  private TrainingResult run(Trainer<Batch> trainer) {
    Path checkpoints = folder.resolve("checkpoints");
    if (!resume && !Checkpoint.list(checkpoints).isEmpty()) {
      throw new UsageException(
          "there are checkpoints in "
              + checkpoints
              + " already: give --resume to go on from them, or another --out");
    }
    Thread main = Thread.currentThread();
    Thread hook =
        new Thread(
            () -> {
              trainer.stop();
              try {
                main.join(Duration.ofSeconds(30));
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      return resume ? trainer.resume() : trainer.run();
    } finally {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException _) {
        // it is running: the process is about to end
      }
    }
  }

  private void report(
      TrainingResult result,
      Losses losses,
      Map<String, Double> evaluation,
      Path adapter,
      double seconds) {
    if (out.json()) {
      ObjectNode tree = Out.object();
      tree.put("steps", result.state().step());
      tree.put("reason", result.reason().name().toLowerCase(Locale.ROOT));
      tree.put("train_loss", losses.mean());
      evaluation.forEach((name, value) -> tree.put("eval_" + name, value));
      tree.put("seconds", seconds);
      tree.put("adapter", adapter.toString());
      out.line(tree);
      return;
    }
    out.line("steps: %d (%s)", result.state().step(), result.reason());
    out.line("training loss, mean of the last steps: %.4f", losses.mean());
    evaluation.forEach((name, value) -> out.line("evaluation %s: %.4f", name, value));
    out.line("adapter: %s", adapter);
  }

  private interface Loading<T> {
    T get() throws IOException;
  }

  private static <T> T unchecked(Loading<T> loading) {
    try {
      return loading.get();
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  /** The mean loss of the last steps. */
  private static final class Losses implements TrainingListener {
    private static final int WINDOW = 20;
    private final ArrayDeque<Double> last = new ArrayDeque<>();

    @Override
    public void on(TrainingEvent event) {
      if (event instanceof TrainingEvent.Step s) {
        last.addLast(s.loss());
        if (last.size() > WINDOW) {
          last.removeFirst();
        }
      }
    }

    double mean() {
      return last.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
    }
  }
}
