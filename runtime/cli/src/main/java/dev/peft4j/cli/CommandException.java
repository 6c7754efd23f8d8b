package dev.peft4j.cli;

import dev.peft4j.Peft4jException;
import org.jspecify.annotations.Nullable;

/** Thrown when a command cannot be done as requested; the message is for the user. */
final class CommandException extends Peft4jException {
  private static final long serialVersionUID = 1L;

  /** Work that may be refused. */
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
   * Runs work that depends only on the user's options and files: errors there are the user's.
   * Elsewhere an {@link IllegalArgumentException} is a fault of peft4j.
   *
   * @throws CommandException if {@code work} refuses the settings
   */
  static <T, E extends Exception> T ofSettings(Work<T, E> work) throws E {
    try {
      return work.get();
    } catch (IllegalArgumentException | IllegalStateException | UnsupportedOperationException e) {
      throw new CommandException(e.getMessage(), e);
    }
  }
}
