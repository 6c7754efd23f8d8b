package dev.peft4j.sft;

import dev.peft4j.Peft4jException;

/** A row of training data that cannot become an example. The message says where and why. */
public final class SftException extends Peft4jException {
  private static final long serialVersionUID = 1L;

  SftException(String message) {
    super(message);
  }

  SftException(String message, Throwable cause) {
    super(message, cause);
  }
}
