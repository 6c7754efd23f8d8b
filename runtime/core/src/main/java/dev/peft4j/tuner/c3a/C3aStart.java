package dev.peft4j.tuner.c3a;

/** The start of a C3A adapter; peft's {@code init_weights}. */
public enum C3aStart {
  /** Uniform numbers by Glorot and Bengio. */
  XAVIER_UNIFORM,
  /** Uniform numbers by He. */
  KAIMING_UNIFORM,
  /** Normal numbers. */
  GAUSSIAN,
  /** Zeros: the adapter starts as zero. */
  ZERO,
  /** The same as {@link #XAVIER_UNIFORM}; peft's {@code false}. */
  RANDOM
}
