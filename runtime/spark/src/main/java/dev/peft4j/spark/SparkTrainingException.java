package dev.peft4j.spark;

import dev.peft4j.Peft4jException;
import org.jspecify.annotations.Nullable;

/**
 * Thrown if an executor cannot take part in training: its base is missing or differs from the
 * driver's, as do its data or its threads. The message names the host.
 */
public final class SparkTrainingException extends Peft4jException {
  private static final long serialVersionUID = 1L;

  SparkTrainingException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
