package dev.peft4j.dataset;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/**
 * A value of a row.
 *
 * @param text the value as it is spelled; null if it is not a text, number or boolean
 * @param tree a JSON array or object, else null
 * @param problem why it cannot be used, to follow the name of the value; empty if it can be used,
 *     or is a tree or null
 * @param place its place in the file
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

  /** Returns this cell, marked as one that cannot be used. */
  Cell unusable(String why) {
    return new Cell(text, tree, why, place);
  }

  /** Returns the kind of value in words. */
  String describe() {
    JsonNode t = tree;
    return t == null ? "null" : t.isArray() ? "a list" : "an object";
  }
}
