package dev.peft4j.data;

import dev.peft4j.Peft4jException;
import org.jspecify.annotations.Nullable;

/**
 * A number that is NaN or infinite where a result, a saved file or a merged weight would have it.
 * The message names the weight.
 */
public final class NonFiniteException extends Peft4jException {
  private static final long serialVersionUID = 1L;

  /** Creates an exception whose message names the weight and what was found in it. */
  public NonFiniteException(String message) {
    super(message);
  }

  /** Creates an exception with a message that says more than that of its cause. */
  public NonFiniteException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
