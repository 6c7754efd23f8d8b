package dev.peft4j.target;

/** Thrown when a regular expression tries so many ways through a path that it is given up. */
public final class SlowPatternException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  SlowPatternException(String message) {
    super(message);
  }
}
