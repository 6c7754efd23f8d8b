package dev.peft4j.cli;

import dev.peft4j.Peft4jException;
import org.jspecify.annotations.Nullable;

/** A command cannot be done as it was asked for; the message is for the user. */
final class CommandException extends Peft4jException {
  private static final long serialVersionUID = 1L;

  /** Something that may be refused. */
  @FunctionalInterface
  interface Work<T, E extends Exception> {
    T get() throws E;
  }

  CommandException(String message) {
    super(message);
  }

  private CommandException(@Nullable String message, Throwable cause) {
    super(String.valueOf(message), cause);
  }

  /**
   * Does what is decided by the user's options and files alone: what is refused there is the user's
   * to put right. Elsewhere an {@link IllegalArgumentException} is a fault of peft4j.
   *
   * @throws CommandException for what {@code work} refuses
   */
  static <T, E extends Exception> T ofSettings(Work<T, E> work) throws E {
    try {
      return work.get();
    } catch (IllegalArgumentException | IllegalStateException | UnsupportedOperationException e) {
      throw new CommandException(e.getMessage(), e);
    }
  }
}
