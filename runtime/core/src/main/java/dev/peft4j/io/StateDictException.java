package dev.peft4j.io;

import dev.peft4j.Peft4jException;

/**
 * Thrown when weights do not fit a model; the message lists the problems, one key per line, and
 * {@link #check} has all keys.
 */
public final class StateDictException extends Peft4jException {
  private static final long serialVersionUID = 1L;

  private final transient StateDictCheck check;

  StateDictException(String message, StateDictCheck check) {
    super(message);
    this.check = check;
  }

  /** Returns the result of the comparison. */
  public StateDictCheck check() {
    return check;
  }
}
