package dev.peft4j.train;

import dev.peft4j.Peft4jException;
import org.jspecify.annotations.Nullable;

/**
 * Thrown when a checkpoint cannot be used: it is damaged, or belongs to another model, optimizer,
 * data or run. Thrown, too, when a folder has checkpoints already or another run uses it. The
 * message names it and says what is wrong.
 */
public final class CheckpointException extends Peft4jException {
  private static final long serialVersionUID = 1L;

  CheckpointException(String message) {
    this(message, null);
  }

  CheckpointException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
