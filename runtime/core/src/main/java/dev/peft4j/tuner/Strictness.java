package dev.peft4j.tuner;

/** The way to act when the weights in a file are not exactly those that an adapter has. */
public enum Strictness {
  /** Missing keys are an error that lists them and the unexpected ones; these alone a warning. */
  STRICT,
  /**
   * They are reported; what is missing keeps its values. Another shape is an error all the same.
   */
  LENIENT
}
