package dev.peft4j.tuner;

/**
 * Saves adapters with all of their weights, also those that training has decided not to count and
 * that a file of peft's does without: a checkpoint needs them.
 */
public final class WholeAdapters {
  private static final ScopedValue<Boolean> ASKED = ScopedValue.newInstance();

  private WholeAdapters() {}

  /** Runs {@code body}, which saves adapters. */
  public static void saving(Runnable body) {
    ScopedValue.where(ASKED, true).run(body);
  }

  /** Returns whether adapters are saved whole here. */
  static boolean asked() {
    return ASKED.isBound();
  }
}
