package dev.peft4j.tuner.psoft;

/** The way in which the singular values are shared between the frozen factors. */
public enum PsoftShare {
  /** All of them are in B. */
  PSOFT,
  /** Their roots are in both. */
  PISSA
}
