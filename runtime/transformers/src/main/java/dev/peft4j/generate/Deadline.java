package dev.peft4j.generate;

import org.jspecify.annotations.Nullable;

/**
 * The time at which a call ends.
 *
 * @param nanos by {@link System#nanoTime}
 * @param set whether there is one
 */
record Deadline(long nanos, boolean set) {
  static Deadline in(@Nullable Double seconds) {
    return seconds == null
        ? new Deadline(0, false)
        : new Deadline(System.nanoTime() + (long) (seconds * 1e9), true);
  }

  boolean passed() {
    return set && System.nanoTime() - nanos > 0;
  }
}
