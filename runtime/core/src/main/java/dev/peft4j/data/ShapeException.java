package dev.peft4j.data;

import dev.peft4j.Peft4jException;

/**
 * Shapes or element types that an operation cannot work on; thrown where the operation is written.
 */
public final class ShapeException extends Peft4jException {
  private static final long serialVersionUID = 1L;

  /**
   * An exception whose message names the operation, the shapes found and what would have been
   * right.
   */
  public ShapeException(String message) {
    super(message);
  }
}
