package dev.peft4j.cli;

import org.jspecify.annotations.Nullable;

/**
 * One value of a row.
 *
 * @param text the value as it is spelled; null if it is no text, number or truth value
 * @param problem why it cannot be used, after the name of the value; empty if it can
 * @param place where it is
 */
record Cell(@Nullable String text, String problem, Place place) {
  static Cell of(String text, Place place) {
    return new Cell(text, "", place);
  }

  static Cell missing(String problem, Place place) {
    return new Cell(null, problem, place);
  }
}
