package dev.peft4j.tuner.tinylora;

/** What the vector of a TinyLoRA adapter starts from; peft's {@code init_weights}. */
public enum TinyLoraStart {
  /** Zeros: the adapter starts as zero. */
  ZERO,
  /** Uniform numbers within the bound. */
  UNIFORM,
  /** Normal numbers; peft's {@code false}, which leaves them open. */
  RANDOM
}
