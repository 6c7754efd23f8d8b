package dev.peft4j.train;

import java.io.Serializable;

/**
 * The place of a step in its run.
 *
 * @param step counted from 1
 * @param epoch of its batches, counted from 0
 * @param first the index of its first batch in the epoch
 * @param batches the number of its batches
 */
public record StepPlace(long step, long epoch, int first, int batches) implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Returns the place of one of its batches in words. */
  String words(int index) {
    return "step " + step + " (epoch " + epoch + ", batch " + index + ")";
  }
}
