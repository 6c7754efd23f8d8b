package dev.peft4j.tuner.prompttuning;

/** The values that virtual tokens start from. */
public enum PromptStart {
  /** Normally distributed numbers. */
  RANDOM,
  /** The embeddings of words that are drawn from the vocabulary. */
  SAMPLE_VOCAB,
  /** The embeddings of a text, repeated or cut off. */
  TEXT
}
