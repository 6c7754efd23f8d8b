package dev.peft4j.train;

import dev.peft4j.Peft4jException;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint that cannot be used: damaged, or of another model, optimizer, data or run. Or a
 * folder that no run may write its checkpoints to, since it has others or another run writes there.
 * The message names it and says what is wrong.
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
