package dev.peft4j.transformers;

/** The text of a pair that is cut if both are too long together; transformers' {@code truncation}. */
public enum Truncation {
  /** None: all tokens are kept. */
  NONE,
  /** The longer one, then both. A single text is cut in any case. */
  LONGEST_FIRST,
  /** The first one. */
  ONLY_FIRST,
  /** The second one, such as the context of a question. */
  ONLY_SECOND
}
