package dev.peft4j.transformers;

/** A bias of the attention's scores that grows with the key's position (Press et al. 2022). */
public enum Alibi {
  /** None. */
  NONE,
  /** It is added to the scaled scores, as in BLOOM. */
  SCALED_SCORES,
  /** It is added before the scores are scaled, rounded to bfloat16, as in Falcon. */
  RAW_SCORES
}
