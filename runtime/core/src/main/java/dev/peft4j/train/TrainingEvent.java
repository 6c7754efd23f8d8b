package dev.peft4j.train;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Something that happened in a training run; {@code state} is how far the run is after it. */
public sealed interface TrainingEvent {
  /** How far the run is. */
  TrainingState state();

  /**
   * It begins, or goes on from a checkpoint.
   *
   * @param totalSteps steps that it will have at its end
   * @param from the checkpoint that it continues, or null
   */
  record Started(TrainingState state, long totalSteps, @Nullable Path from)
      implements TrainingEvent {}

  /**
   * A damaged checkpoint was passed over; the one before it is tried.
   *
   * @param problem what is wrong with it
   */
  record CheckpointSkipped(TrainingState state, Path checkpoint, String problem)
      implements TrainingEvent {}

  /**
   * The run goes on from a checkpoint of a run with other settings, of those that may change.
   *
   * @param changes what was otherwise, in words; at least one
   */
  record Changed(TrainingState state, Path checkpoint, List<String> changes)
      implements TrainingEvent {}

  /**
   * An optimizer step is done.
   *
   * @param epoch the epoch that its batches were of, counted from 0
   * @param loss mean loss of its examples, before the step
   * @param learningRate of the step
   * @param gradientNorm before clipping; NaN if gradients are not clipped
   * @param batches how many batches it took
   * @param count how many things (rows, tokens) the loss is the mean of, see {@link
   *     Trainer#counting}
   */
  record Step(
      TrainingState state,
      long epoch,
      double loss,
      float learningRate,
      float gradientNorm,
      int batches,
      double count)
      implements TrainingEvent {}

  /**
   * The model was evaluated.
   *
   * @param values what was measured, by name
   * @param improved true if it is the best so far
   */
  record Evaluated(TrainingState state, Map<String, Double> values, boolean improved)
      implements TrainingEvent {}

  /** A checkpoint is on the disk. */
  record Saved(TrainingState state, Path checkpoint) implements TrainingEvent {}

  /** It ended. */
  record Finished(TrainingState state, StopReason reason) implements TrainingEvent {}

  /** It was ended by an exception, which the caller of the trainer gets. */
  record Failed(TrainingState state, Throwable problem) implements TrainingEvent {}
}
