package dev.peft4j.train;

import dev.peft4j.optim.NonFiniteLossException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Thrown when training met a loss, a gradient or a parameter that is not finite. The message names
 * the step, the parameter and the last good checkpoint.
 */
public final class TrainingDivergedException extends NonFiniteLossException {
  private static final long serialVersionUID = 1L;

  private final String parameter;
  private final transient @Nullable Path checkpoint;

  TrainingDivergedException(
      long step, double loss, String message, String parameter, @Nullable Path checkpoint) {
    super(
        step,
        (float) loss,
        message
            + "; the last good checkpoint is "
            + (checkpoint == null ? "none: there is no checkpoint" : checkpoint.toString()));
    this.parameter = parameter;
    this.checkpoint = checkpoint;
  }

  /**
   * Returns the parameter that is not finite or, if all are finite, the one with the largest value.
   */
  public String parameter() {
    return parameter;
  }

  /** Returns the last good checkpoint, or null if there is none. */
  public @Nullable Path checkpoint() {
    return checkpoint;
  }
}
