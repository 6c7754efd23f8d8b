package dev.peft4j.train;

import org.jspecify.annotations.Nullable;

/**
 * The progress of a run.
 *
 * @param step optimizer steps done
 * @param epoch the epoch of the next batch, counted from 0
 * @param batch the next batch in it, counted from 0
 * @param best the best evaluation, or null if there was none yet
 * @param sinceBest evaluations since then
 */
public record TrainingState(long step, long epoch, int batch, @Nullable Best best, int sinceBest) {
  /** The state before the first step. */
  static final TrainingState START = new TrainingState(0, 0, 0, null, 0);

  /** Returns the state after one more step over {@code batches} batches. */
  TrainingState after(int batches, int inEpoch) {
    int next = batch + batches;
    return next < inEpoch
        ? new TrainingState(step + 1, epoch, next, best, sinceBest)
        : new TrainingState(step + 1, epoch + 1, 0, best, sinceBest);
  }

  /** Returns the state after an evaluation. */
  TrainingState after(double evaluation, Monitor monitor) {
    return monitor.isBetter(evaluation, best)
        ? new TrainingState(step, epoch, batch, new Best(step, evaluation), 0)
        : new TrainingState(step, epoch, batch, best, sinceBest + 1);
  }
}
