package dev.peft4j.graph;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Shape;

/** What a backend has kernels for. */
public interface Support {
  /** Returns true if there is a kernel for {@code op}; others are decomposed. */
  boolean supports(Op op);

  /**
   * Returns true if the kernel of {@code op} reads input {@code i}, a weight that is not trained,
   * in this encoding. Where it does not, the weight is decoded before it runs, at each run.
   *
   * @param encoding one whose numbers do not lie as float32
   * @param inputs shapes of all inputs
   */
  default boolean reads(Op op, int i, Encoding encoding, Shape[] inputs) {
    return false;
  }
}
