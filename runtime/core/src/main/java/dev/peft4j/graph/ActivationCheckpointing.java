package dev.peft4j.graph;

import java.util.function.Supplier;

/**
 * A choice of whether the results inside a block of a model are kept for the backward pass, or
 * computed again there (Chen et al. 2016). Gradients are the same, bit for bit, and dropout draws
 * the same numbers; a step takes about a third longer and needs memory that grows with the square
 * root of the number of blocks, not with the number.
 */
public enum ActivationCheckpointing {
  /** Everything is kept. */
  OFF,
  /**
   * Blocks are computed again if what they would keep is more than an eighth of this machine's
   * memory.
   */
  AUTO,
  /** Blocks are computed again. */
  ON;

  /**
   * Runs {@code body}, one block of a model, and returns its result. What is inside it between the
   * block's inputs and its result may be computed again in the backward pass. A block within a
   * block is a part of it. Has no effect if no gradient is computed.
   */
  public <T> T block(Supplier<T> body) {
    return this == OFF ? body.get() : Segment.run(this, body);
  }
}
