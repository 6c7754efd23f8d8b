package dev.peft4j.train;

import dev.peft4j.optim.NonFiniteLossException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Training met a loss, a gradient or a parameter that is no finite number and stopped. The message
 * names the step, the parameter and the last good checkpoint.
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

  /** The parameter that is not finite, or, if all are, the one with the largest value. */
  public String parameter() {
    return parameter;
  }

  /** The last good checkpoint, or null if there is none. */
  public @Nullable Path checkpoint() {
    return checkpoint;
  }
}
