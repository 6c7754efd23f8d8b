package dev.peft4j.hub;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Thrown when something could not be downloaded from the Hub. The message is one sentence that
 * names the model, what the Hub or the network answered, and what can be done.
 */
public final class HubException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Creates an exception about a model or an address. */
  public HubException(String subject, String problem) {
    this(subject, problem, null);
  }

  /**
   * Creates an exception about a model or an address with the exception that revealed the problem.
   */
  public HubException(String subject, String problem, @Nullable Throwable cause) {
    super(subject + ": " + problem, cause);
  }
}
