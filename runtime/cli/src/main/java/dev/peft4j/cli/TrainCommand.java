package dev.peft4j.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.peft4j.cli.TrainingData.Batch;
import dev.peft4j.data.Rng;
import dev.peft4j.io.AtomicFiles;
import dev.peft4j.io.JsonProblem;
import dev.peft4j.optim.AdamW;
import dev.peft4j.reports.ProgressListener;
import dev.peft4j.train.Batches;
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
        "Trains an adapter (LoRA, unless --tuner says otherwise): with a classifier on texts with"
            + " labels, or a language model on texts (--task causal-lm) or conversations (--task"
            + " chat).",
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
  @Mixin private SftDataOptions rows = new SftDataOptions();
  @Mixin private RowBatches batching = new RowBatches();
  @Mixin private Out out = new Out();

  @Option(
      names = "--task",
      paramLabel = "TASK",
      converter = Task.Converter.class,
      completionCandidates = Task.Words.class,
      defaultValue = "classification",
      description =
          "What is learned: ${COMPLETION-CANDIDATES}. For causal-lm the data are rows of JSON"
              + " (texts, prompts with completions, conversations), a column of a .csv or .tsv, or"
              + " a .txt that is cut into blocks; for chat they are rows of JSON, and the model"
              + " needs a chat template.")
  private Task task = Task.CLASSIFICATION;

  @Option(
      names = {"-e", "--eval"},
      paramLabel = "FILE",
      description = "Data like --data to evaluate on while training.")
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
    if (task.isLanguageModel()) {
      options.forLanguageModel(out);
      rows.splitTexts = batching.splits();
    }
    options.check(task, out);
    options.check(evalData != null);
    batching.check();
    ConfigBuilder<?> tuner = TunerOptions.settings(out.commandSpec());
    model.leaveRoom(tuner);
    if (task.isLanguageModel()) {
      RunFolder run = new RunFolder(folder, resume, quiet ? null : CausalTraining.progress());
      return model.run(
          () ->
              new CausalTraining(
                      task, model, texts(), data.path, evalData, options, batching, run, out)
                  .train(tuner));
    }
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
      long began = System.nanoTime();
      Batches<Batch> batches =
          new TrainingData(training).shuffled(classifier, options.batch, options.seed);
      SequenceClassifier net = classifier.model();
      DataStart start =
          DataStart.of(
              adapted,
              model,
              batches,
              options.startBatches,
              b -> net.loss(net.forward(b.texts()), b.labels()));
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
      TrainingResult result = run().run(trainer);
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
      Path adapter = run().adapter();
      AtomicFiles.together(
          adapter,
          () -> {
            start.save(adapter);
            Classifier.writeLabels(adapter, names);
            with.write(adapter, batches.fingerprint(), options);
          });
      classifier.model().eval();
      Map<String, Double> measured =
          evaluation == null
              ? result.bestEvaluation()
              : classifier.evaluate(evaluation, options.batch);
      new TrainingReport(result, measured, adapter, (System.nanoTime() - began) / 1e9)
          .print(out, "examples", Map.of());
      return 0;
    }
  }

  private LanguageModel.Texts texts() {
    return new LanguageModel.Texts(model.folder, null, data.columns, rows);
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
    return run()
        .attach(
            Trainer.of(adapted, optimizer, batches, b -> m.loss(m.forward(b.texts()), b.labels())))
        .settings(options.settings(evalData != null));
  }

  private RunFolder run() {
    return new RunFolder(folder, resume, quiet ? null : new ProgressListener("train"));
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
