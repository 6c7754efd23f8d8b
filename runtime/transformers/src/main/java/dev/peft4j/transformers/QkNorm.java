package dev.peft4j.transformers;

/** The norm of a decoder's queries and keys, before they are rotated. */
public enum QkNorm {
  /** None. */
  NONE,
  /** One of the numbers of a head, for all heads. */
  SHARED,
  /** One of all heads together. */
  WHOLE,
  /** One for each head, as a list of norms. */
  LIST,
  /** One for each head, with weights (heads, d). */
  ROWS
}
