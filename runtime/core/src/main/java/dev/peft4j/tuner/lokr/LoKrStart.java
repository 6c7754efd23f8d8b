package dev.peft4j.tuner.lokr;

/** The start of a LoKr adapter; peft's {@code init_weights}. */
public enum LoKrStart {
  /** The left factor, or its first part, is zero, and the others are random. */
  DEFAULT,
  /** All are random, so that the adapter changes the model at once. */
  RANDOM,
  /** The right factor, or its second part, is zero, and the others are random, as in LyCORIS. */
  LYCORIS
}
