package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.graph.ActivationCheckpointing;
import dev.peft4j.hub.ModelFolders;
import dev.peft4j.optim.Schedule;
import dev.peft4j.train.Every;
import dev.peft4j.train.Monitor;
import dev.peft4j.train.TrainingSettings;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.ConfigBuilder;
import dev.peft4j.tuner.PeftConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Help;
import picocli.CommandLine.Option;

/** The training options of {@code peft4j train}. */
final class TrainOptions {
  private static final List<String> OF_LANGUAGE_MODELS =
      List.of(
          "--checkpointing",
          "--label-smoothing",
          "--neftune",
          "--loss",
          "--chat-template",
          "--text-field",
          "--skip-bad-rows",
          "--allow-dropped",
          "--plain-content",
          "--packing",
          "--group-by-length");

  @Option(
      names = "--epochs",
      paramLabel = "N",
      defaultValue = "3",
      description = "Passes over the data.")
  int epochs;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "0",
      description = "Maximum number of steps; 0 means no limit.")
  long steps;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "16",
      description = "Texts in a batch; 8 for a language model unless it is given.")
  int batch;

  @Option(
      names = "--accumulation",
      paramLabel = "N",
      defaultValue = "1",
      description = "Batches that make one step, as one large batch would.")
  int accumulation;

  @Option(
      names = "--lr",
      paramLabel = "N",
      defaultValue = "5e-4",
      description = "Learning rate of AdamW; 2e-4 for a language model unless it is given.")
  float lr;

  @Option(
      names = "--weight-decay",
      paramLabel = "N",
      defaultValue = "0.01",
      description = "Its weight decay; biases and norms do not decay.")
  double decay;

  @Option(
      names = "--schedule",
      paramLabel = "NAME",
      defaultValue = "linear",
      description = "Course of the learning rate: ${COMPLETION-CANDIDATES}.")
  Course course = Course.linear;

  @Option(
      names = "--warmup",
      paramLabel = "N",
      defaultValue = "0.06",
      description = "Part of the steps in which the learning rate grows.")
  double warmup;

  @Option(
      names = "--cycles",
      paramLabel = "N",
      defaultValue = "2",
      description = "Cosines of the schedule cosine_with_restarts.")
  int cycles;

  @Option(
      names = "--decay",
      paramLabel = "N",
      defaultValue = "0.2",
      description =
          "Part of the steps, the last ones, in which the rate falls in the schedule"
              + " warmup_stable_decay.")
  double decayPart;

  @Option(
      names = "--clip",
      paramLabel = "N",
      defaultValue = "1",
      description = "Largest norm of the gradients; 0 does not clip.")
  float clip;

  @Option(
      names = "--target",
      paramLabel = "NAME",
      split = ",",
      showDefaultValue = Help.Visibility.NEVER,
      description =
          "Layers that get an adapter, as in peft's target_modules; by default the projections to"
              + " queries and values, in a BERT query,value; in a language model all-linear.")
  List<String> targets = List.of();

  @Option(
      names = "--eval-every",
      paramLabel = "STEPS",
      defaultValue = "0",
      description = "Steps between evaluations; 0 is after each epoch.")
  long evalEvery;

  @Option(
      names = "--monitor",
      paramLabel = "NAME",
      defaultValue = "loss",
      description = "What makes an evaluation the best: ${COMPLETION-CANDIDATES}.")
  Measure monitor = Measure.loss;

  @Option(
      names = "--patience",
      paramLabel = "N",
      defaultValue = "0",
      description = "Evaluations without improvement after which training ends; 0 never.")
  int patience;

  @Option(
      names = "--checkpoint-every",
      paramLabel = "STEPS",
      defaultValue = "0",
      description = "Steps between checkpoints; 0 is after each epoch.")
  long checkpointEvery;

  @Option(
      names = "--keep",
      paramLabel = "N",
      defaultValue = "2",
      description = "Checkpoints that are kept.")
  int keep;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "Decides all that is random.")
  long seed;

  @Option(
      names = "--start-batches",
      paramLabel = "N",
      defaultValue = "32",
      description =
          "Batches of the training data that a start looks at which needs data (eva, corda,"
              + " lora_ga).")
  int startBatches;

  @Option(
      names = "--checkpointing",
      paramLabel = "WHEN",
      defaultValue = "auto",
      description =
          "Whether a language model's layers are computed again in the backward pass, which saves"
              + " memory: ${COMPLETION-CANDIDATES}; auto where much would be kept.")
  Checkpointing checkpointing = Checkpointing.auto;

  @Option(
      names = "--label-smoothing",
      paramLabel = "N",
      defaultValue = "0",
      description = "Part of the target that is spread over a language model's vocabulary.")
  float smoothing;

  @Option(
      names = "--neftune",
      paramLabel = "N",
      defaultValue = "0",
      description = "Alpha of the noise on a language model's embeddings (NEFTune); 5 is usual.")
  double neftune;

  /** When layers are computed again. */
  enum Checkpointing {
    off,
    auto,
    on;

    ActivationCheckpointing value() {
      return switch (this) {
        case off -> ActivationCheckpointing.OFF;
        case auto -> ActivationCheckpointing.AUTO;
        case on -> ActivationCheckpointing.ON;
      };
    }
  }

  /** The schedules of the learning rate; the longer names are those of transformers. */
  enum Course {
    constant,
    linear,
    cosine,
    cosine_with_restarts,
    warmup_stable_decay
  }

  private Schedule schedule(long total) {
    long start = Math.round(warmup * total);
    return switch (course) {
      case constant -> Schedule.constant(start);
      case linear -> Schedule.linear(start, total);
      case cosine -> Schedule.cosine(start, total);
      case cosine_with_restarts -> Schedule.cosineWithHardRestarts(start, total, cycles);
      case warmup_stable_decay -> {
        long fall = Math.min(total - start, Math.round(decayPart * total));
        yield Schedule.warmupStableDecay(start, fall, total, 0);
      }
    };
  }

  /** The number that evaluations are compared by. */
  enum Measure {
    loss,
    accuracy,
    f1,
    perplexity
  }

  /** Sets what is usual for a language model where the user says nothing else. */
  void forLanguageModel(Out out) {
    lr = out.isGiven("--lr") ? lr : 2e-4f;
    batch = out.isGiven("--batch") ? batch : 8;
  }

  /** Throws if an option does nothing for the task, or a measure is not the task's. */
  void check(Task task, Out out) {
    boolean causal = task.isLanguageModel();
    for (String own : OF_LANGUAGE_MODELS) {
      if (!causal && out.isGiven(own)) {
        throw new UsageException(
            own + " is for --task " + Task.CAUSAL_LM + " and --task " + Task.CHAT);
      }
    }
    boolean ofClasses = monitor == Measure.accuracy || monitor == Measure.f1;
    if (causal ? ofClasses : monitor == Measure.perplexity) {
      throw new UsageException(
          "--monitor is "
              + monitor
              + ", expected "
              + (causal ? "loss or perplexity" : "loss, accuracy or f1")
              + " for --task "
              + task);
    }
  }

  /** Throws if a number is not valid. */
  void check(boolean evaluates) {
    atLeast("--batch", batch, 1);
    atLeast("--epochs", epochs, 0);
    atLeast("--steps", steps, 0);
    atLeast("--accumulation", accumulation, 1);
    atLeast("--eval-every", evalEvery, 0);
    atLeast("--checkpoint-every", checkpointEvery, 0);
    atLeast("--patience", patience, 0);
    atLeast("--keep", keep, 1);
    atLeast("--start-batches", startBatches, 1);
    atLeast("--cycles", cycles, 1);
    between("--warmup", warmup, 0, 1);
    between("--decay", decayPart, 0, 1);
    between("--label-smoothing", smoothing, 0, 1);
    between("--neftune", neftune, 0, Double.MAX_VALUE);
    between("--lr", lr, 0, Float.MAX_VALUE);
    between("--weight-decay", decay, 0, Double.MAX_VALUE);
    between("--clip", clip, 0, Float.MAX_VALUE);
    for (String target : targets) {
      if (target.isBlank()) {
        throw new UsageException(
            "--target has an empty name in \""
                + String.join(",", targets)
                + "\", expected names of layers such as query,value");
      }
    }
    if (epochs == 0 && steps == 0) {
      throw new UsageException("--epochs and --steps are both 0; needed is when to end");
    }
    if (!evaluates && patience > 0) {
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

  /**
   * Gives settings the targets that were asked for.
   *
   * @param usual the targets if none were; a tuner of the whole model has none in any case
   */
  ConfigBuilder<?> targeted(ConfigBuilder<?> tuner, List<String> usual) {
    if (tuner.hasTargets()) {
      return tuner.targets((targets.isEmpty() ? usual : targets).toArray(new String[0]));
    }
    if (!targets.isEmpty()) {
      throw new UsageException(
          "--target %s: the tuner changes the whole model, so it has no targets"
              .formatted(String.join(",", targets)));
    }
    return tuner;
  }

  /**
   * Returns the settings of the adapter.
   *
   * @param tuner the settings of the tuner's own
   * @param base the model's folder
   * @param drawn layers without weights in the folder: they are trained and saved too
   */
  PeftConfig adapter(ConfigBuilder<?> tuner, Path base, List<String> drawn) throws IOException {
    return targeted(tuner, Transformers.family(base).attentionTargets())
        .modulesToSave(drawn.toArray(new String[0]))
        .taskType("SEQ_CLS")
        .baseModel(ModelFolders.name(base))
        .build();
  }

  /** Writes the training options. */
  void write(ObjectNode into) {
    into.put("epochs", epochs).put("steps", steps);
    into.put("batch", batch).put("accumulation", accumulation);
    into.put("learning rate", Float.toString(lr)).put("weight decay", decay);
    into.put("schedule", course.name()).put("warmup", warmup).put("clip norm", clip);
    switch (course) {
      case cosine_with_restarts -> into.put("cycles", cycles);
      case warmup_stable_decay -> into.put("decay", decayPart);
      default -> {}
    }
    if (smoothing > 0) {
      into.put("label smoothing", smoothing);
    }
    if (neftune > 0) {
      into.put("neftune", neftune);
    }
    into.put("seed", seed);
  }

  TrainingSettings settings(boolean evaluated) {
    TrainingSettings.Builder settings = TrainingSettings.builder();
    if (evaluated) {
      boolean lowest = monitor == Measure.loss || monitor == Measure.perplexity;
      Monitor best = lowest ? Monitor.lowest(monitor.name()) : Monitor.highest(monitor.name());
      settings
          .evaluate(evalEvery == 0 ? Every.epoch() : Every.steps(evalEvery))
          .monitor(best.patience(patience));
    }
    return settings
        .epochs(epochs)
        .steps(steps)
        .accumulation(accumulation)
        .clipNorm(clip)
        .scheduleOver(this::schedule)
        .checkpoint(checkpointEvery == 0 ? Every.epoch() : Every.steps(checkpointEvery))
        .keep(keep)
        .seed(seed)
        .build();
  }
}
