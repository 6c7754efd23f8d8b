package dev.peft4j.cli;

/** Thrown when options make no sense together. */
final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  UsageException(String message) {
    super(message);
  }
}
