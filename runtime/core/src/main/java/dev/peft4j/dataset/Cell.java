package dev.peft4j.dataset;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/**
 * One value of a row.
 *
 * @param text the value as it is spelled; null if it is no text, number or truth value
 * @param tree a list or an object of JSON, else null
 * @param problem why it cannot be used, after the name of the value; empty if it can be, or if it
 *     is a tree or null
 * @param place where it is
 */
record Cell(@Nullable String text, @Nullable JsonNode tree, String problem, Place place) {
  static Cell of(String text, Place place) {
    return new Cell(text, null, "", place);
  }

  static Cell ofNull(Place place) {
    return new Cell(null, null, "", place);
  }

  static Cell of(JsonNode tree, Place place) {
    return new Cell(null, tree, "", place);
  }

  /** This cell as one that cannot be used. */
  Cell unusable(String why) {
    return new Cell(text, tree, why, place);
  }

  /** What is there, in words. */
  String describe() {
    JsonNode t = tree;
    return t == null ? "null" : t.isArray() ? "a list" : "an object";
  }
}
