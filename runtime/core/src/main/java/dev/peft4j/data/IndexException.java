package dev.peft4j.data;

import dev.peft4j.Peft4jException;

/**
 * An id or a label in the data that is out of range, such as a token that the model's vocabulary
 * does not have. The message names it, its place and the range.
 */
public final class IndexException extends Peft4jException {
  private static final long serialVersionUID = 1L;

  /** Creates an exception whose message names the index, where it was found, and the range. */
  public IndexException(String message) {
    super(message);
  }
}
