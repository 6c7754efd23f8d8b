package dev.peft4j.train;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Trainable;
import dev.peft4j.optim.GradientClip;
import dev.peft4j.optim.NonFiniteLossException;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.optim.Plateau;
import dev.peft4j.optim.Schedule;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.PeftModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * A training loop for a model, whole ({@link Module}) or by its adapters ({@link PeftModel}): in
 * each step it takes batches, computes the loss and lets the optimizer step; at intervals it
 * evaluates the model and writes a checkpoint.
 *
 * <pre>{@code
 * var trainer =
 *     Trainer.of(model, optimizer, Batches.shuffled(examples, 32, 0, Example::collate),
 *             batch -> model.forward(batch.x()).mseLoss(batch.y()))
 *         .settings(TrainingSettings.builder().epochs(3).clipNorm(1).build())
 *         .checkpoints(Path.of("run"));
 * trainer.resume();
 * }</pre>
 *
 * <p>Two runs with the same seeds, data and number of threads give the same bits, also if one of
 * them was killed at any moment and resumed. A trainer runs once at a time; only {@link #stop} may
 * be called by another thread.
 *
 * @param <B> what the loss is computed from
 */
public final class Trainer<B> {
  private final Trainable model;
  private final Optimizer optimizer;
  private final Batches<B> data;
  private final Function<? super B, Tensor> loss;
  private final List<TrainingListener> listeners = new ArrayList<>();
  private final Map<String, String> remembered = new LinkedHashMap<>();
  private ToDoubleFunction<? super B> counting = _ -> Double.NaN;
  private Supplier<Map<String, Double>> measuring = Map::of;
  private TrainingSettings settings = TrainingSettings.epochs(1);
  private @Nullable Evaluator evaluator;
  private @Nullable Path folder;
  private @Nullable GradientSource source;
  private volatile boolean stopped;

  private Trainer(
      Trainable model, Optimizer optimizer, Batches<B> data, Function<? super B, Tensor> loss) {
    this.model = model;
    this.optimizer = optimizer;
    this.data = data;
    this.loss = loss;
  }

  /**
   * Creates a trainer that runs one epoch, unless {@link #settings} say otherwise.
   *
   * @param model a {@link Module}, whose parameters are trained unless they are frozen, or a {@link
   *     PeftModel}, whose adapters are trained
   * @param optimizer of the model's trainable parameters; its learning rate is the base rate of the
   *     schedule
   * @param loss computes the loss of a batch, a single value
   */
  public static <B> Trainer<B> of(
      Trainable model, Optimizer optimizer, Batches<B> data, Function<? super B, Tensor> loss) {
    return new Trainer<>(model, optimizer, data, loss);
  }

  /** Sets the settings. */
  public Trainer<B> settings(TrainingSettings value) {
    settings = value;
    return this;
  }

  /**
   * Sets the evaluator, which measures the model as often as the settings say, and at the end. It
   * must return the number that the settings monitor, {@code loss} by default.
   */
  public Trainer<B> evaluator(Evaluator value) {
    evaluator = value;
    return this;
  }

  /**
   * Sets the folder for checkpoints, which must belong to this run only and is created if missing.
   */
  public Trainer<B> checkpoints(Path folder) {
    this.folder = folder;
    return this;
  }

  /** Adds a listener for events. */
  public Trainer<B> listener(TrainingListener listener) {
    listeners.add(listener);
    return this;
  }

  /**
   * Sets the number of things (rows, tokens) that the loss of a batch is the mean of; it is the
   * weight of the batch when several make one step, and in mean losses. So several small batches
   * make the same step as a large one.
   *
   * <p>It is only needed where the loss does not tell. {@code crossEntropy} counts the rows that
   * are not ignored, {@code mean()} over everything its elements (so does {@code mseLoss}), {@code
   * x.sum().div(n)} counts n, and a {@code sum()} that is not divided is added, not averaged. A
   * loss of parts that count differently, or one that is computed in any other way, counts the
   * batch's examples, see {@link Batches#examples}.
   *
   * @param count of a batch, not negative; a batch of 0 is skipped if it is one of several
   */
  public Trainer<B> counting(ToDoubleFunction<? super B> count) {
    counting = b -> MeanLoss.checked(count.applyAsDouble(b));
    return this;
  }

  /**
   * Sets what gives further numbers of each step, such as its accuracy, from what the loss has kept
   * of the step's batches; it is called once after each step, and listeners get the numbers.
   */
  public Trainer<B> measuring(Supplier<Map<String, Double>> numbers) {
    measuring = numbers;
    return this;
  }

  /**
   * Records something in checkpoints that the trainer cannot see, such as the names of labels; a
   * run that records something else is not resumed from them.
   *
   * @param what the name, such as {@code labels}
   */
  public Trainer<B> remember(String what, String value) {
    remembered.put(what, value);
    return this;
  }

  /**
   * Lets the gradients be computed elsewhere, such as on the executors of a cluster. The result is
   * the same, bit for bit, on processors alike with the same number of threads. The loss is not
   * computed here then, so that {@link #measuring} has nothing to measure, and {@link #counting}
   * belongs to the {@link GradientWorker}s.
   */
  public Trainer<B> gradients(GradientSource value) {
    source = value;
    return this;
  }

  /** Returns the number of steps of the whole run, unless it stops early. */
  public long plannedSteps() {
    return settings.plannedSteps(data.count());
  }

  /** Ends a run after its current step, with a checkpoint if there is a folder for them. */
  public void stop() {
    stopped = true;
  }

  /**
   * Trains from the beginning.
   *
   * @throws IllegalStateException if a setting would do nothing (evaluations without an evaluator,
   *     checkpoints without a folder), or the loss depends on none of the optimizer's parameters
   * @throws IllegalArgumentException if the evaluator does not return the number that is monitored
   * @throws CheckpointException if the folder already has checkpoints
   * @throws TrainingDivergedException if a loss, gradient or parameter is not finite
   * @throws java.io.UncheckedIOException if a checkpoint cannot be written
   */
  public TrainingResult run() {
    return run(false);
  }

  /**
   * Resumes from the latest good checkpoint in the folder, or starts from the beginning if there is
   * none. Damaged ones are skipped, and listeners are told.
   *
   * @throws CheckpointException if all checkpoints are damaged, or the latest belongs to another
   *     model, optimizer, data or run
   * @throws TrainingDivergedException if a loss, gradient or parameter is not finite
   * @throws java.io.UncheckedIOException if a checkpoint cannot be written
   */
  public TrainingResult resume() {
    if (folder == null) {
      throw new IllegalStateException(
          "resume: no folder for checkpoints; call checkpoints(folder)");
    }
    return run(true);
  }

  private TrainingResult run(boolean resume) {
    settings.requireUseful(evaluator != null, folder != null);
    if (folder == null && !remembered.isEmpty()) {
      throw new IllegalStateException(
          "remember("
              + remembered.keySet().iterator().next()
              + ") would do nothing, since the trainer has no folder for checkpoints; call"
              + " checkpoints(folder) on it");
    }
    Subject subject = Subject.of(model);
    float rate = optimizer.lr();
    Rng rng = new Rng(settings.seed());
    Path at = folder;
    if (at == null) {
      return alone(subject, rng, () -> new Run(subject, rate, null).start(false));
    }
    RunRecord record =
        RunRecord.of(new LinkedHashMap<>(remembered), data, settings, evaluator != null);
    CheckpointFiles files =
        new CheckpointFiles(subject, optimizer, rng, data.count(), rate, record, settings);
    try (CheckpointFolder checkpoints = CheckpointFolder.open(at, files, settings.kept())) {
      return alone(subject, rng, () -> new Run(subject, rate, checkpoints).start(resume));
    }
  }

  /** Runs {@code body} in training mode, undisturbed by what other threads do with the base. */
  private TrainingResult alone(Subject subject, Rng rng, Supplier<TrainingResult> body) {
    return Rng.with(rng, () -> subject.training(optimizer.parameters(), body));
  }

  /** The changing state of one run. */
  private final class Run {
    private final Subject subject;
    private final float rate;
    private final @Nullable CheckpointFolder checkpoints;
    private final int batches = data.count();
    private final long totalSteps = plannedSteps();
    private final Schedule schedule = settings.schedule().apply(totalSteps);
    private final @Nullable GatheredGradients gathered =
        source == null ? null : new GatheredGradients(source, optimizer);
    private TrainingState state = TrainingState.START;
    private RunCourse course = new RunCourse();
    private long current;
    private String where = "";
    private double lastLoss = Double.NaN;
    private boolean reached;

    Run(Subject subject, float rate, @Nullable CheckpointFolder checkpoints) {
      this.subject = subject;
      this.rate = rate;
      this.checkpoints = checkpoints;
    }

    TrainingResult start(boolean resume) {
      try {
        if (checkpoints != null && resume) {
          restore(checkpoints);
        } else if (checkpoints != null) {
          checkpoints.requireEmpty();
        }
        optimizer.exemptFromDecay(DecayExempt.of(subject));
        tell(
            new TrainingEvent.Started(
                state, totalSteps, checkpoints == null ? null : checkpoints.last()));
        StopReason reason = reasonToStop();
        if (reason == null) {
          requireMonitored();
        }
        while (reason == null) {
          step();
          reason = reasonToStop();
          boolean better = evaluateIfDue(reason == StopReason.COMPLETED);
          reason = reasonToStop();
          saveIfDue(better || reason != null);
        }
        requireFiniteParameters();
        tell(new TrainingEvent.Finished(state, reason));
        return result(reason);
      } catch (RuntimeException | Error e) {
        fail(e);
        throw e;
      } finally {
        optimizer.zeroGrad();
        optimizer.exemptFromDecay(Set.of());
        optimizer.lr(rate);
        stopped = false;
      }
    }

    private void restore(CheckpointFolder from) {
      CheckpointFiles.Restored restored =
          from.restore(
              (path, problem) -> tell(new TrainingEvent.CheckpointSkipped(state, path, problem)));
      if (restored != null) {
        state = restored.state();
        course = restored.course();
        Path path = from.last();
        if (path != null && !restored.changes().isEmpty()) {
          tell(new TrainingEvent.Changed(state, path, restored.changes()));
        }
      }
    }

    private @Nullable StopReason reasonToStop() {
      int patience = settings.monitored().patience();
      if (state.step() >= totalSteps) {
        return StopReason.COMPLETED;
      }
      if (patience > 0 && state.sinceBest() >= patience) {
        return StopReason.EARLY;
      }
      return stopped ? StopReason.STOPPED : null;
    }

    private void step() {
      int micro = Math.min(settings.accumulation(), batches - state.batch());
      float clip = settings.clipNorm();
      current = state.step() + 1;
      where = "step " + current + " (epoch " + state.epoch() + ", batch " + state.batch() + ")";
      StepLoss sum = gathered == null ? here(micro) : elsewhere(gathered, micro);
      Tensor norm = clip > 0 ? GradientClip.byNorm(optimizer.parameters(), clip) : null;
      float stepRate = (float) (rate * schedule.factor(state.step()) * course.plateau().rate());
      optimizer.lr(stepRate);
      try {
        subject.step(optimizer);
      } catch (NonFiniteLossException e) {
        throw diverged(e.loss());
      }
      lastLoss = sum.loss();
      float normValue = norm == null ? Float.NaN : norm.item();
      if (norm != null && !Float.isFinite(normValue)) {
        requireFiniteParameters();
      }
      long epoch = state.epoch();
      state = state.after(micro, batches);
      double count = sum.count();
      course.step(lastLoss, count);
      tell(
          new TrainingEvent.Step(
              state, epoch, lastLoss, stepRate, normValue, micro, count, measuring.get()));
    }

    /** Computes the gradients of the next batches. */
    private StepLoss here(int micro) {
      Accumulation sum = new Accumulation(micro);
      for (int i = 0; i < micro; i++) {
        int index = state.batch() + i;
        B batch = data.get(state.epoch(), index);
        double counted = counting.applyAsDouble(batch);
        Tensor value = loss.apply(batch);
        if (!reached) { // once a run: it is a mistake of the program, not of a batch
          Reached.require(value, optimizer.parameters(), where);
          reached = true;
        }
        Tensor besides = subject.addedLoss();
        sum.add(value, besides, counted, data.examples(state.epoch(), index), this::require);
      }
      if (!sum.finish(optimizer.parameters())) {
        throw diverged(Float.NaN); // nothing counts in any batch
      }
      return sum;
    }

    /** Lets the gradients of the next batches be computed by another. */
    private StepLoss elsewhere(GatheredGradients by, int micro) {
      List<Rng> generators = new ArrayList<>(List.of(Rng.current()));
      generators.addAll(subject.generators().values());
      StepPlace place = new StepPlace(current, state.epoch(), state.batch(), micro);
      GradientSum sum = by.step(place, generators, this::require);
      if (!sum.finish(optimizer.parameters())) {
        throw diverged(Float.NaN);
      }
      return sum;
    }

    private void require(float value) {
      if (!Float.isFinite(value)) {
        throw diverged(value);
      }
    }

    private TrainingDivergedException diverged(float loss) {
      return Divergence.loss(subject, current, where, loss, lastCheckpoint());
    }

    private void requireFiniteParameters() {
      TrainingDivergedException problem =
          Divergence.parameters(subject, current, where, lastLoss, lastCheckpoint());
      if (problem != null) {
        throw problem;
      }
    }

    private @Nullable Path lastCheckpoint() {
      return checkpoints == null ? null : checkpoints.last();
    }

    /** Evaluates if it is due, and returns whether the model is better than before. */
    private boolean evaluateIfDue(boolean atEnd) {
      Evaluator e = evaluator;
      if (e == null || !(atEnd || settings.evaluations().isDue(state))) {
        return false;
      }
      Map<String, Double> values = subject.evaluating(e::evaluate);
      Monitor monitor = settings.monitored();
      Double value = values.get(monitor.name());
      if (value == null) {
        throw notGiven(values.keySet());
      }
      state = state.after(value, monitor);
      boolean improved = state.sinceBest() == 0;
      course.evaluated(values, improved);
      Plateau plateau = settings.plateau();
      if (plateau != null) {
        course.plateau(plateau.after(course.plateau(), value, monitor.higherIsBetter()));
      }
      tell(new TrainingEvent.Evaluated(state, values, improved));
      return improved;
    }

    /**
     * Throws if the monitored number is missing: before the first step, not after the first epoch.
     */
    private void requireMonitored() {
      Evaluator e = evaluator;
      if (e == null) {
        return;
      }
      Set<String> names = e.names();
      if (names.isEmpty()) { // what it draws at random is drawn apart: the run stays what it is
        names = Rng.with(new Rng(settings.seed()), () -> subject.evaluating(e::evaluate).keySet());
      }
      if (!names.contains(settings.monitored().name())) {
        throw notGiven(names);
      }
    }

    private IllegalArgumentException notGiven(Set<String> names) {
      String better = names.isEmpty() ? "loss" : names.iterator().next();
      return new IllegalArgumentException(
          "the evaluation has no '"
              + settings.monitored().name()
              + "', which is monitored"
              + (settings.monitor() == null ? " unless the settings say otherwise" : "")
              + "; it has "
              + names
              + ". Choose the one that measures the model, such as"
              + " monitor(Monitor.highest(\""
              + better
              + "\"))");
    }

    private void saveIfDue(boolean now) {
      CheckpointFolder to = checkpoints;
      if (to != null && (now || settings.checkpoints().isDue(state))) {
        requireFiniteParameters();
        Path saved = to.save(state, course);
        tell(new TrainingEvent.Saved(state, saved));
      }
    }

    private TrainingResult result(StopReason reason) {
      Best best = state.best();
      return new TrainingResult(
          state,
          reason,
          lastCheckpoint(),
          checkpoints == null || best == null ? null : checkpoints.find(best.step()),
          course.loss(),
          course.evaluation(),
          course.best());
    }

    private void tell(TrainingEvent event) {
      listeners.forEach(l -> l.on(event));
    }

    /**
     * Tells the listeners of a failure; if they fail as well, the first problem is still the one
     * that is thrown.
     */
    private void fail(Throwable problem) {
      for (TrainingListener l : listeners) {
        try {
          l.on(new TrainingEvent.Failed(state, problem));
        } catch (RuntimeException e) {
          problem.addSuppressed(e);
        }
      }
    }
  }
}
