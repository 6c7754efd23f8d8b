package dev.peft4j.tuner.psoft;

/** The way in which the weight is decomposed. */
public enum PsoftSvd {
  /** Exactly. */
  FULL,
  /** By subspace iteration from random numbers, torch's {@code svd_lowrank}. */
  LOWRANK
}
