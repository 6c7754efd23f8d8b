package dev.peft4j.tuner;

import java.util.Collection;

/** The gradients of the parameters of an adapter. */
public enum RequiresGrad {
  /** All do. */
  YES,
  /** None does. */
  NO,
  /** Some do. */
  IRREGULAR;

  static RequiresGrad of(Collection<Boolean> flags) {
    return !flags.contains(false) ? YES : !flags.contains(true) ? NO : IRREGULAR;
  }

  static RequiresGrad all(Collection<RequiresGrad> parts) {
    return parts.stream().allMatch(p -> p == YES)
        ? YES
        : parts.stream().allMatch(p -> p == NO) ? NO : IRREGULAR;
  }
}
