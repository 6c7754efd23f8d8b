package dev.peft4j.train;

import dev.peft4j.optim.Plateau;
import dev.peft4j.optim.Schedule;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a training run.
 *
 * @param epochs passes over the data after which training ends; 0 if only the steps count
 * @param steps optimizer steps after which training ends; 0 if only the epochs count
 * @param accumulation batches that make one step, with the result of one large batch
 * @param clipNorm largest common norm of the gradients; 0 for no clipping
 * @param schedule the schedule of the learning rate, for a total number of steps
 * @param plateau the rule that lowers the learning rate when the evaluations stop improving, or
 *     null
 * @param evaluateEvery the interval of evaluations; null for the default: after each epoch, if
 *     there is an {@link Evaluator}
 * @param monitor the number that is monitored; null for the default: the lowest {@code loss}
 * @param checkpointEvery the interval of checkpoints; null for the default: after each epoch, if
 *     there is a folder for them
 * @param keep the number of latest checkpoints that are kept, besides that of the best evaluation;
 *     0 for the default: 2
 * @param seed the seed of the generator that is {@link dev.peft4j.data.Rng#current()} while
 *     training
 */
public record TrainingSettings(
    long epochs,
    long steps,
    int accumulation,
    float clipNorm,
    LongFunction<Schedule> schedule,
    @Nullable Plateau plateau,
    @Nullable Every evaluateEvery,
    @Nullable Monitor monitor,
    @Nullable Every checkpointEvery,
    int keep,
    long seed) {

  /**
   * Creates settings.
   *
   * @throws IllegalArgumentException naming the one that is wrong
   */
  public TrainingSettings {
    atLeast("epochs", epochs, 0);
    atLeast("steps", steps, 0);
    if (epochs == 0 && steps == 0) {
      throw new IllegalArgumentException(
          "training settings: neither epochs nor steps are given; needed one of them");
    }
    atLeast("accumulation", accumulation, 1);
    atLeast("keep", keep, 0);
    if (!(clipNorm >= 0)) {
      throw new IllegalArgumentException(
          "training settings: clipNorm is " + clipNorm + ", must be positive, or 0 for none");
    }
  }

  /** Returns the interval of evaluations, with the default applied. */
  Every evaluations() {
    return evaluateEvery == null ? Every.epoch() : evaluateEvery;
  }

  /** Returns the monitor, with the default applied. */
  Monitor monitored() {
    return monitor == null ? Monitor.lowest("loss") : monitor;
  }

  /** Returns the interval of checkpoints, with the default applied. */
  Every checkpoints() {
    return checkpointEvery == null ? Every.epoch() : checkpointEvery;
  }

  /** Returns the number of checkpoints that are kept, with the default applied. */
  int kept() {
    return keep == 0 ? 2 : keep;
  }

  /**
   * Throws if a setting would do nothing.
   *
   * @param evaluator whether the run has one
   * @param folder whether the run has a folder for checkpoints
   */
  void requireUseful(boolean evaluator, boolean folder) {
    if (!evaluator && plateau != null) {
      throw new IllegalStateException(
          "training settings: reduceOnPlateau would do nothing, since the trainer has no evaluator;"
              + " call evaluator(...) on it, or leave it out");
    }
    if (!evaluator && (evaluateEvery != null || monitor != null)) {
      throw new IllegalStateException(
          "training settings: "
              + (evaluateEvery != null
                  ? "evaluate(" + evaluateEvery.words() + ")"
                  : "monitor('" + monitored().name() + "')")
              + " would do nothing, since the trainer has no evaluator; call evaluator(...) on it,"
              + " or leave out evaluate and monitor");
    }
    if (!folder && (checkpointEvery != null || keep != 0)) {
      throw new IllegalStateException(
          "training settings: "
              + (checkpointEvery != null
                  ? "checkpoint(" + checkpointEvery.words() + ")"
                  : "keep(" + keep + ")")
              + " would do nothing, since the trainer has no folder for checkpoints; call"
              + " checkpoints(folder) on it, or leave out checkpoint and keep");
    }
  }

  private static void atLeast(String what, long value, long least) {
    if (value < least) {
      throw new IllegalArgumentException(
          "training settings: " + what + " is " + value + ", must be at least " + least);
    }
  }

  /** Returns settings for a number of epochs. */
  public static TrainingSettings epochs(int epochs) {
    return builder().epochs(epochs).build();
  }

  /** Returns settings for a number of optimizer steps. */
  public static TrainingSettings steps(long steps) {
    return builder().steps(steps).build();
  }

  /**
   * Returns a builder with: no accumulation, no clipping, a constant learning rate, evaluation and
   * checkpoint after each epoch (if the trainer has an evaluator, and a folder for checkpoints),
   * {@code Monitor.lowest("loss")}, two checkpoints kept, seed 0.
   */
  public static Builder builder() {
    return new Builder();
  }

  /** Returns the total number of steps over data of {@code batchesInEpoch} batches. */
  public long plannedSteps(int batchesInEpoch) {
    long perEpoch = (batchesInEpoch - 1) / accumulation + 1L;
    long byEpochs = epochs == 0 ? Long.MAX_VALUE : Math.multiplyExact(epochs, perEpoch);
    return steps == 0 ? byEpochs : Math.min(steps, byEpochs);
  }

  /** The builder of {@link TrainingSettings}; see its components. */
  public static final class Builder {
    private long epochs;
    private long steps;
    private int accumulation = 1;
    private float clipNorm;
    private LongFunction<Schedule> schedule = _ -> Schedule.constant();
    private @Nullable Plateau plateau;
    private @Nullable Every evaluateEvery;
    private @Nullable Monitor monitor;
    private @Nullable Every checkpointEvery;
    private int keep;
    private long seed;

    private Builder() {}

    /** Sets the number of passes over the data. */
    public Builder epochs(long value) {
      epochs = value;
      return this;
    }

    /**
     * Sets the number of optimizer steps; with epochs as well, training ends at the earlier end.
     */
    public Builder steps(long value) {
      steps = value;
      return this;
    }

    /**
     * Sets the number of batches that make one step. They are weighted so that it is the step of
     * one large batch, see {@link Trainer#counting}; the last step of an epoch takes the remaining
     * ones.
     */
    public Builder accumulation(int batches) {
      accumulation = batches;
      return this;
    }

    /** Sets the largest common norm of the gradients, see {@link dev.peft4j.optim.GradientClip}. */
    public Builder clipNorm(float norm) {
      clipNorm = norm;
      return this;
    }

    /** Sets the schedule of the learning rate, as a factor of the optimizer's rate. */
    public Builder schedule(Schedule value) {
      schedule = _ -> value;
      return this;
    }

    /** Sets a schedule like {@link #schedule}, made for the total number of steps. */
    public Builder scheduleOver(LongFunction<Schedule> ofTotal) {
      schedule = ofTotal;
      return this;
    }

    /**
     * Lowers the rate, besides the schedule, when the monitored number stops improving: torch's
     * {@code ReduceLROnPlateau}. A run without a {@link Trainer#evaluator} does not start.
     */
    public Builder reduceOnPlateau(Plateau value) {
      plateau = value;
      return this;
    }

    /**
     * Sets the interval of evaluations; the model is evaluated at the end, too. A run without a
     * {@link Trainer#evaluator} does not start.
     */
    public Builder evaluate(Every often) {
      evaluateEvery = often;
      return this;
    }

    /**
     * Sets the number that is monitored; {@code Monitor.lowest("loss")} by default. A run whose
     * evaluator does not return that number, or that has none, does not start.
     */
    public Builder monitor(Monitor value) {
      monitor = value;
      return this;
    }

    /**
     * Sets the interval of checkpoints; one is written at the end and at each best evaluation, too.
     * A run without a folder ({@link Trainer#checkpoints}) does not start.
     */
    public Builder checkpoint(Every often) {
      checkpointEvery = often;
      return this;
    }

    /**
     * Sets the number of latest checkpoints that are kept, at least 1. A run without a folder does
     * not start.
     */
    public Builder keep(int checkpoints) {
      atLeast("keep", checkpoints, 1);
      keep = checkpoints;
      return this;
    }

    /** Sets the seed of the generator that is current while training. */
    public Builder seed(long value) {
      seed = value;
      return this;
    }

    /** Creates the settings. */
    public TrainingSettings build() {
      return new TrainingSettings(
          epochs,
          steps,
          accumulation,
          clipNorm,
          schedule,
          plateau,
          evaluateEvery,
          monitor,
          checkpointEvery,
          keep,
          seed);
    }
  }
}
