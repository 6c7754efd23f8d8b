package dev.peft4j.graph;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Shape;

/** The ops and encodings that a backend has kernels for. */
public interface Support {
  /** Returns true if there is a kernel for {@code op}; others are decomposed. */
  boolean supports(Op op);

  /**
   * Returns true if the kernel of {@code op} reads input {@code i}, a weight that is not trained,
   * in this encoding. Otherwise the weight is decoded before each run.
   *
   * @param encoding an encoding whose numbers are not stored as float32
   * @param inputs shapes of all inputs
   */
  default boolean reads(Op op, int i, Encoding encoding, Shape[] inputs) {
    return false;
  }
}
