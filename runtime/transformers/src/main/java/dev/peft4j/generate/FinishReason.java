package dev.peft4j.generate;

/** The reason why a row ended. */
public enum FinishReason {
  /** A token that ends texts. */
  EOS,
  /** A constraint: the text is complete, and nothing may follow. */
  COMPLETE,
  /** The largest length, or the last position of the model. */
  LENGTH,
  /** A text at which rows end. */
  STOP_STRING,
  /** The longest time. */
  TIME,
  /** The caller asked for it. */
  CANCELLED
}
