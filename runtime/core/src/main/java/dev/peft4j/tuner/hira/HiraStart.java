package dev.peft4j.tuner.hira;

/** The start of a HiRA adapter; peft's {@code init_weights}. */
public enum HiraStart {
  /** B is zero, of embeddings A. */
  DEFAULT,
  /** Both are random, so that the adapter changes the model at once. */
  RANDOM,
  /** As the default, with A from N(0, 1/r). */
  GAUSSIAN
}
