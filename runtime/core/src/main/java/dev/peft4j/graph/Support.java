package dev.peft4j.graph;

import dev.peft4j.data.Shape;

/** What a backend has kernels for. */
public interface Support {
  /** True if there is a kernel for {@code op}; others are decomposed. */
  boolean supports(Op op);

  /**
   * True if the kernel of {@code op} reads input {@code i}, a weight that is not trained, as 16-bit
   * numbers. Where it does not, they become float32 before it runs, at each run.
   *
   * @param inputs shapes of all inputs
   */
  default boolean readsHalf(Op op, int i, Shape[] inputs) {
    return false;
  }
}
