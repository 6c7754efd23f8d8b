package dev.peft4j.io;

import dev.peft4j.Peft4jException;

/**
 * Weights that do not fit a model; the message lists what is wrong, a key a line, {@link #check}
 * has all keys.
 */
public final class StateDictException extends Peft4jException {
  private static final long serialVersionUID = 1L;

  private final transient StateDictCheck check;

  StateDictException(String message, StateDictCheck check) {
    super(message);
    this.check = check;
  }

  /** What was compared and found. */
  public StateDictCheck check() {
    return check;
  }
}
