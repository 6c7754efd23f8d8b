package dev.peft4j.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.cli.TrainingData.Batch;
import dev.peft4j.data.Rng;
import dev.peft4j.io.AtomicFiles;
import dev.peft4j.io.JsonProblem;
import dev.peft4j.optim.AdamW;
import dev.peft4j.reports.LossCurve;
import dev.peft4j.reports.ProgressListener;
import dev.peft4j.train.Batches;
import dev.peft4j.train.Checkpoint;
import dev.peft4j.train.CsvLog;
import dev.peft4j.train.Evaluator;
import dev.peft4j.train.StopReason;
import dev.peft4j.train.Trainer;
import dev.peft4j.train.TrainingResult;
import dev.peft4j.transformers.SequenceClassifier;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.ConfigBuilder;
import dev.peft4j.tuner.PeftConfig;
import dev.peft4j.tuner.PeftModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
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
    description =
        "Trains an adapter (LoRA, unless --tuner says otherwise) and a classifier on texts with"
            + " labels.",
    footer = {
      "",
      "The output folder gets: adapter (peft's files, and the labels' names),",
      "checkpoints, loss.csv, evaluation.csv, loss.png. With data to evaluate on, the",
      "adapter is that of the best evaluation; else it is the last one."
    })
final class TrainCommand implements Callable<Integer> {
  @Mixin private ModelOptions model = new ModelOptions();
  @Mixin private LabelledFile data = new LabelledFile();
  @Mixin private TrainOptions options = new TrainOptions();
  @Mixin private Out out = new Out();

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
      paramLabel = "NAME[,NAME...]",
      description =
          "The labels in their order; by default those in the data, sorted. One with a comma in"
              + " quotes.")
  private @Nullable List<String> labels;

  @Option(
      names = "--resume",
      description = "Go on from the last checkpoint in the output folder, if there is one.")
  private boolean resume;

  @Option(names = "--quiet", description = "No progress bar.")
  private boolean quiet;

  @Override
  public Integer call() throws Exception {
    options.check(evalData != null);
    ConfigBuilder<?> tuner = TunerOptions.settings(out.commandSpec());
    return model.run(() -> train(tuner));
  }

  private int train(ConfigBuilder<?> tuner) throws IOException {
    List<Example> examples = data.read();
    List<String> names = labels(examples);
    Labels.alike(names).forEach(out::warn);
    if (names.size() < 2) {
      throw new UsageException(
          "the labels are ["
              + Labels.show(names)
              + "]; a classifier needs at least two, see --labels");
    }
    LabelledExamples training = LabelledExamples.of(data.path, examples, names);
    Path evalFile = evalData;
    LabelledExamples evaluation =
        evalFile == null
            ? null
            : LabelledExamples.of(evalFile, ExampleFile.read(evalFile, data.columns, true), names);
    try (Classifier classifier =
        Rng.with(options.seed, () -> unchecked(() -> Classifier.toTrain(model, names)))) {
      List<String> drawn = Transformers.newLayers(model.folder);
      PeftConfig config =
          CommandException.ofSettings(() -> options.adapter(tuner, model.folder, drawn));
      AdaptedModel<SequenceClassifier> adapted =
          Rng.with(
              new Rng(options.seed).split(),
              () -> CommandException.ofSettings(() -> PeftModel.of(classifier.model(), config)));
      if (!drawn.isEmpty()) {
        out.note(
            "%s has no %s: a new one is trained, and saved with the adapter",
            model.folder, String.join(", ", drawn));
      }
      out.note("%s", adapted.trainableSummary());
      long start = System.nanoTime();
      Batches<Batch> batches =
          new TrainingData(training).shuffled(classifier, options.batch, options.seed);
      TrainedWith with = TrainedWith.of(names, model, data.columns);
      Trainer<Batch> trainer = trainer(classifier, adapted, batches);
      with.facts(classifier).forEach(trainer::remember);
      trainer.remember("seed", Long.toString(options.seed));
      if (evaluation != null) {
        new TrainingData(evaluation)
            .fingerprint()
            .forEach((name, value) -> trainer.remember("evaluation's " + name, '"' + value + '"'));
        trainer.evaluator(
            Evaluator.named(
                Set.of("loss", "accuracy", "f1"),
                () -> classifier.evaluate(evaluation, options.batch)));
      }
      TrainingResult result = run(trainer);
      if (result.reason() == StopReason.STOPPED) {
        out.note("stopped after step %d; --resume continues", result.state().step());
        return Main.FAILED;
      }
      Path best = result.bestCheckpoint();
      if (best != null) {
        adapted.load(best);
        if (evaluation == null) {
          out.note("the adapter is that of the best evaluation before, %s", best);
        }
      }
      Path adapter = folder.resolve("adapter");
      AtomicFiles.together(
          adapter,
          () -> {
            adapted.save(adapter);
            Classifier.writeLabels(adapter, names);
            with.write(adapter, batches.fingerprint(), options);
          });
      classifier.model().eval();
      Map<String, Double> measured =
          evaluation == null
              ? result.bestEvaluation()
              : classifier.evaluate(evaluation, options.batch);
      report(result, measured, adapter, (System.nanoTime() - start) / 1e9);
      return 0;
    }
  }

  /** Returns the requested labels, or else those in the data. */
  private List<String> labels(List<Example> examples) throws IOException {
    List<String> asked = labels;
    if (asked == null) {
      return Labels.in(data.path, examples);
    }
    List<String> spelled = new ArrayList<>();
    try {
      for (String some : asked) {
        spelled.addAll(Labels.split(some));
      }
      return Labels.listed(spelled);
    } catch (JsonProcessingException e) {
      throw new UsageException("--labels: a quote is not as in CSV: " + JsonProblem.reason(e));
    } catch (IllegalArgumentException | IOException e) {
      throw new UsageException("--labels: " + e.getMessage());
    }
  }

  private Trainer<Batch> trainer(
      Classifier classifier, AdaptedModel<SequenceClassifier> adapted, Batches<Batch> batches) {
    AdamW optimizer =
        AdamW.builder()
            .lr(options.lr)
            .weightDecay(options.decay)
            .build(adapted.trainableParameters());
    SequenceClassifier m = classifier.model();
    Trainer<Batch> trainer =
        Trainer.of(adapted, optimizer, batches, b -> m.loss(m.forward(b.texts()), b.labels()))
            .settings(options.settings(evalData != null))
            .checkpoints(folder.resolve("checkpoints"))
            .listener(new CsvLog(folder));
    if (!quiet) {
      trainer.listener(new ProgressListener("train"));
    }
    return trainer;
  }

  /** Runs the training; a process that is asked to end writes a checkpoint. */
  private TrainingResult run(Trainer<Batch> trainer) {
    Path checkpoints = folder.resolve("checkpoints");
    if (!resume && !Checkpoint.list(checkpoints).isEmpty()) {
      throw new UsageException(
          "there are checkpoints in "
              + checkpoints
              + " already: give --resume to continue from them, or another --out");
    }
    try (GracefulStop stop = new GracefulStop(trainer::stop)) {
      LossCurve curve = new LossCurve(folder, folder.resolve("loss.png"));
      trainer.listener(
          event -> {
            if (!stop.isAsked()) { // a JVM that is about to end draws nothing any more
              curve.on(event);
            }
          });
      return resume ? trainer.resume() : trainer.run();
    }
  }

  private void report(
      TrainingResult result, Map<String, Double> evaluation, Path adapter, double seconds) {
    if (out.json()) {
      ObjectNode tree = Out.object();
      tree.put("steps", result.state().step());
      tree.put("reason", result.reason().name().toLowerCase(Locale.ROOT));
      tree.put("train_loss", Double.isNaN(result.loss()) ? null : (Double) result.loss());
      evaluation.forEach((name, value) -> tree.put("eval_" + name, value));
      tree.put("seconds", seconds);
      tree.put("adapter", adapter.toString());
      out.line(tree);
      return;
    }
    out.line("steps: %d (%s)", result.state().step(), result.reason());
    out.line("training loss, mean over the examples of the last steps: %.4f", result.loss());
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
}
