package dev.peft4j.transformers;

/** The text that is cut if a pair is too long, as transformers' {@code truncation} says. */
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
