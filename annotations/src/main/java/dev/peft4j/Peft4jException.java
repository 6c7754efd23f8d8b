package dev.peft4j;

import org.jspecify.annotations.Nullable;

/**
 * The base of what peft4j throws when data, weights, a checkpoint or a device are not what the work
 * needs: shapes that do not go together, a token that the model does not know, weights of another
 * model, a loss that is not finite, a device without enough memory. The message is for people: it
 * names the thing, what was found and what would have been right.
 *
 * <p>Not below it: problems of files, which are {@link java.io.IOException}s like all others of the
 * kind ({@code FileFormatException} names the file), and {@link IllegalArgumentException} and
 * {@link IllegalStateException}, which say that a method was called with a wrong setting or at the
 * wrong time. A program that serves requests catches {@code Peft4jException}; the others are for
 * whoever writes the program.
 */
public class Peft4jException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Creates an exception with a message for people. */
  public Peft4jException(@Nullable String message) {
    super(message);
  }

  /**
   * Creates an exception with a message for people, and the exception that revealed the problem.
   */
  public Peft4jException(@Nullable String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
