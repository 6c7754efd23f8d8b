package dev.peft4j.train;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when a checkpoint cannot be used: it is damaged, or belongs to another model, optimizer,
 * data or run. The message names it and says what is wrong.
 */
public final class CheckpointException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  CheckpointException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
