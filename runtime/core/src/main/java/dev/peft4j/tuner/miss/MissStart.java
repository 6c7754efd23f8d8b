package dev.peft4j.tuner.miss;

/** The kind and the start of a MiSS adapter; peft's {@code init_weights}. */
public enum MissStart {
  /** The matrix is zero. */
  DEFAULT,
  /** The matrix is random, so that the adapter changes the model at once. */
  RANDOM,
  /**
   * Blocks of the weight are multiplied by the matrix (block affine transformation); it is zero.
   */
  BAT,
  /** The matrix has fewer columns, repeated along the outputs; it is zero. */
  MINI
}
