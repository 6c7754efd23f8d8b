package dev.peft4j.data;

import dev.peft4j.Peft4jException;

/**
 * Shapes or element types that an operation does not accept; thrown by the call that creates the
 * operation.
 */
public final class ShapeException extends Peft4jException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception whose message names the operation, the shapes found and what would have
   * been right.
   */
  public ShapeException(String message) {
    super(message);
  }
}
