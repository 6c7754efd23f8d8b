package dev.peft4j.train;

import dev.peft4j.optim.Plateau;
import dev.peft4j.optim.Schedule;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * How a model is trained.
 *
 * @param epochs passes over the data after which training ends; 0 if only the steps count
 * @param steps optimizer steps after which training ends; 0 if only the epochs count
 * @param accumulation batches that make one step, as one large batch would
 * @param clipNorm largest common norm of the gradients; 0 does not clip
 * @param schedule the course of the learning rate, for a number of steps in all
 * @param plateau how the learning rate is lowered where the evaluations stop getting better; null
 *     does not
 * @param evaluateEvery how often the model is evaluated; null if nothing is said: after each epoch,
 *     if there is an {@link Evaluator}
 * @param monitor what the evaluations are for; null if nothing is said: the lowest {@code loss}
 * @param checkpointEvery how often a checkpoint is written; null if nothing is said: after each
 *     epoch, if there is a folder for them
 * @param keep how many of the latest checkpoints are kept, besides that of the best evaluation; 0
 *     if nothing is said: 2
 * @param seed of the generator that is {@link dev.peft4j.data.Rng#current()} while training
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
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the one that is wrong
   */
  public TrainingSettings {
    atLeast("epochs", epochs, 0);
    atLeast("steps", steps, 0);
    if (epochs == 0 && steps == 0) {
      throw new IllegalArgumentException(
          "training settings: neither epochs nor steps are given; needed is when to end");
    }
    atLeast("accumulation", accumulation, 1);
    atLeast("keep", keep, 0);
    if (!(clipNorm >= 0)) {
      throw new IllegalArgumentException(
          "training settings: clipNorm is " + clipNorm + ", must be positive, or 0 for none");
    }
  }

  /** How often the model is evaluated, whether said or not. */
  Every evaluations() {
    return evaluateEvery == null ? Every.epoch() : evaluateEvery;
  }

  /** What the evaluations are for, whether said or not. */
  Monitor monitored() {
    return monitor == null ? Monitor.lowest("loss") : monitor;
  }

  /** How often a checkpoint is written, whether said or not. */
  Every checkpoints() {
    return checkpointEvery == null ? Every.epoch() : checkpointEvery;
  }

  /** How many checkpoints are kept, whether said or not. */
  int kept() {
    return keep == 0 ? 2 : keep;
  }

  /**
   * Throws if something is said that would do nothing.
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

  /** So many passes over the data. */
  public static TrainingSettings epochs(int epochs) {
    return builder().epochs(epochs).build();
  }

  /** So many optimizer steps. */
  public static TrainingSettings steps(long steps) {
    return builder().steps(steps).build();
  }

  /**
   * Starts with: no accumulation, no clipping, a constant learning rate, evaluation and checkpoint
   * after each epoch (if the trainer has an evaluator, and a folder for checkpoints), {@code
   * Monitor.lowest("loss")}, two checkpoints kept, seed 0.
   */
  public static Builder builder() {
    return new Builder();
  }

  /** Steps in all over data of so many batches an epoch. */
  public long plannedSteps(int batchesInEpoch) {
    long perEpoch = (batchesInEpoch - 1) / accumulation + 1L;
    long byEpochs = epochs == 0 ? Long.MAX_VALUE : Math.multiplyExact(epochs, perEpoch);
    return steps == 0 ? byEpochs : Math.min(steps, byEpochs);
  }

  /** Settings of {@link TrainingSettings}; see its components. */
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

    /** Passes over the data. */
    public Builder epochs(long value) {
      epochs = value;
      return this;
    }

    /** Optimizer steps; with epochs as well, whatever ends first. */
    public Builder steps(long value) {
      steps = value;
      return this;
    }

    /**
     * Batches that make one step. They weigh as much as they have examples, so that it is the step
     * of one large batch, see {@link Trainer#counting}; the last step of an epoch takes what is
     * left.
     */
    public Builder accumulation(int batches) {
      accumulation = batches;
      return this;
    }

    /** Largest common norm of the gradients, see {@link dev.peft4j.optim.GradientClip}. */
    public Builder clipNorm(float norm) {
      clipNorm = norm;
      return this;
    }

    /** The course of the learning rate, as a factor of the optimizer's rate. */
    public Builder schedule(Schedule value) {
      schedule = _ -> value;
      return this;
    }

    /** As {@link #schedule}, made for the number of steps in all, such as 1,000. */
    public Builder scheduleOver(LongFunction<Schedule> ofTotal) {
      schedule = ofTotal;
      return this;
    }

    /**
     * Lowers the rate, besides the schedule, where the number that is monitored stops getting
     * better: torch's {@code ReduceLROnPlateau}. A run that has no {@link Trainer#evaluator}
     * refuses to start.
     */
    public Builder reduceOnPlateau(Plateau value) {
      plateau = value;
      return this;
    }

    /**
     * How often the model is evaluated; it is so at the end, too. A run that has no {@link
     * Trainer#evaluator} refuses to start.
     */
    public Builder evaluate(Every often) {
      evaluateEvery = often;
      return this;
    }

    /**
     * Which number counts in evaluations; {@code Monitor.lowest("loss")} if this is not called. A
     * run whose evaluator does not give that number refuses to start, as one without an evaluator
     * does.
     */
    public Builder monitor(Monitor value) {
      monitor = value;
      return this;
    }

    /**
     * How often a checkpoint is written; one is written at the end and at each best, too. A run
     * that has no folder ({@link Trainer#checkpoints}) refuses to start.
     */
    public Builder checkpoint(Every often) {
      checkpointEvery = often;
      return this;
    }

    /**
     * How many of the latest checkpoints are kept, at least 1. A run that has no folder refuses to
     * start.
     */
    public Builder keep(int checkpoints) {
      atLeast("keep", checkpoints, 1);
      keep = checkpoints;
      return this;
    }

    /** Seed of the generator that is current while training. */
    public Builder seed(long value) {
      seed = value;
      return this;
    }

    /** The settings. */
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
