package dev.peft4j.tuner.tinylora;

/** The start of the vector of a TinyLoRA adapter; peft's {@code init_weights}. */
public enum TinyLoraStart {
  /** Zeros: the adapter starts as zero. */
  ZERO,
  /** Uniform numbers within the bound. */
  UNIFORM,
  /** Normal numbers; peft's {@code false}, which leaves them open. */
  RANDOM
}
