package dev.peft4j.constraint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import org.jspecify.annotations.Nullable;

/**
 * A place in a schema.
 *
 * @param pointer the JSON pointer to it, for messages
 * @param json the schema there: an object, true or false
 * @param literal whether {@code json} is a value instead, the only one that is valid
 */
record Schema(String pointer, JsonNode json, boolean literal) {
  static Schema of(String pointer, JsonNode json) {
    return new Schema(pointer, json, false);
  }

  static Schema constant(String pointer, JsonNode value) {
    return new Schema(pointer, value, true);
  }

  /** Nothing is valid. */
  static Schema never() {
    return new Schema("never", BooleanNode.FALSE, false);
  }

  Schema at(String key) {
    return of(pointer + "/" + escaped(key), json.path(key));
  }

  Schema at(String key, String inner) {
    return of(pointer + "/" + key + "/" + escaped(inner), json.path(key).path(inner));
  }

  Schema at(String key, int index) {
    return of(pointer + "/" + key + "/" + index, json.path(key).path(index));
  }

  /** Places are told apart by where they are; what is there can be large. */
  @Override
  public boolean equals(@Nullable Object o) {
    return o instanceof Schema s && pointer.equals(s.pointer) && literal == s.literal;
  }

  @Override
  public int hashCode() {
    return pointer.hashCode();
  }

  static String escaped(String key) {
    return key.replace("~", "~0").replace("/", "~1");
  }

  ConstraintException wrong(String key, String problem) {
    return new ConstraintException("the schema at " + pointer + "/" + escaped(key), problem);
  }
}
