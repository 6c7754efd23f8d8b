package dev.peft4j.train;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An event of a training run; {@code state} is the progress after it. */
public sealed interface TrainingEvent {
  /** Returns the progress of the run. */
  TrainingState state();

  /**
   * The run starts, or is resumed from a checkpoint.
   *
   * @param totalSteps the number of steps at its end
   * @param from the checkpoint that it is resumed from, or null
   */
  record Started(TrainingState state, long totalSteps, @Nullable Path from)
      implements TrainingEvent {}

  /**
   * A damaged checkpoint was skipped; the one before it is tried.
   *
   * @param problem what is wrong with it
   */
  record CheckpointSkipped(TrainingState state, Path checkpoint, String problem)
      implements TrainingEvent {}

  /**
   * The run is resumed from a checkpoint of a run with other settings, of those that may change.
   *
   * @param changes the differences, in words; at least one
   */
  record Changed(TrainingState state, Path checkpoint, List<String> changes)
      implements TrainingEvent {}

  /**
   * An optimizer step is done.
   *
   * @param epoch the epoch of its batches, counted from 0
   * @param loss mean loss of its examples, before the step
   * @param learningRate of the step
   * @param gradientNorm before clipping; NaN if gradients are not clipped
   * @param batches the number of batches
   * @param count the number of things (rows, tokens) that the loss is the mean of, see {@link
   *     Trainer#counting}
   * @param measured further numbers of the step by name, see {@link Trainer#measuring}
   */
  record Step(
      TrainingState state,
      long epoch,
      double loss,
      float learningRate,
      float gradientNorm,
      int batches,
      double count,
      Map<String, Double> measured)
      implements TrainingEvent {}

  /**
   * The model was evaluated.
   *
   * @param values the results, by name
   * @param improved true if it is the best so far
   */
  record Evaluated(TrainingState state, Map<String, Double> values, boolean improved)
      implements TrainingEvent {}

  /** A checkpoint was written. */
  record Saved(TrainingState state, Path checkpoint) implements TrainingEvent {}

  /** The run ended. */
  record Finished(TrainingState state, StopReason reason) implements TrainingEvent {}

  /** The run was ended by an exception, which the caller of the trainer gets. */
  record Failed(TrainingState state, Throwable problem) implements TrainingEvent {}
}
