package dev.peft4j.generate;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/** The rule by which beam search ends before all of its candidates are finished. */
public enum EarlyStopping {
  /** As soon as there are as many finished sequences as beams. */
  TRUE,
  /** When the best running beam, at its present length, cannot beat the worst finished one. */
  FALSE,
  /** When no running beam can beat the worst finished one at any length. */
  NEVER;

  static @Nullable EarlyStopping read(JsonNode json) {
    return json.isBoolean()
        ? json.booleanValue() ? TRUE : FALSE
        : json.isTextual() && json.textValue().equals("never") ? NEVER : null;
  }
}
