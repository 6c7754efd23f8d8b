package dev.peft4j.graph;

import dev.peft4j.Peft4jException;

/**
 * Thrown when a tensor is read that depends on a parameter which an optimizer (or a load) has
 * changed since.
 */
public final class StaleTensorException extends Peft4jException {
  private static final long serialVersionUID = 1L;

  StaleTensorException(Node leaf) {
    super(
        "the tensor was computed from parameter '"
            + (leaf.variable() == null ? "?" : leaf.variable().name())
            + "', which has changed since; read it before step(), or call retain() on it before"
            + " step()");
  }
}
