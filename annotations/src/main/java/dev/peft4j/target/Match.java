package dev.peft4j.target;

import org.jspecify.annotations.Nullable;

/**
 * The answer of {@link TargetMatcher} for a path, and the reason.
 *
 * @param outcome the answer
 * @param by the entry of the configuration that decided: a target, an entry of exclude or of
 *     modules to save, a regular expression or {@code all-linear}; null if nothing names the path
 */
public record Match(Outcome outcome, @Nullable String by) {

  /** The answers. */
  public enum Outcome {
    /** It gets an adapter. */
    TARGETED,
    /** It is named by exclude. */
    EXCLUDED,
    /** It is, or lies in, a module that is trained whole. */
    SAVED,
    /** A target names it, but it is in none of the chosen layers. */
    OTHER_LAYER,
    /** No target names it. */
    NOT_NAMED
  }

  static final Match NOT_NAMED = new Match(Outcome.NOT_NAMED, null);

  /**
   * Returns whether it gets an adapter.
   *
   * @return whether the outcome is {@link Outcome#TARGETED}
   */
  public boolean targeted() {
    return outcome == Outcome.TARGETED;
  }
}
