package dev.peft4j.nn;

/**
 * A module that holds the weights of several experts as bare parameters of three dimensions,
 * (experts, out, in) or transposed.
 */
public interface ExpertWeights {
  /** Returns whether the parameters are (experts, in, out), torch's {@code is_transposed}. */
  boolean isTransposed();
}
