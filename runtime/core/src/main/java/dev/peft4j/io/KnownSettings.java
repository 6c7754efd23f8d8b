package dev.peft4j.io;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.log.Log;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * What of a file's settings this release knows.
 *
 * @param file for messages
 * @param tree all keys and values
 */
record KnownSettings(Path file, ObjectNode tree) {
  // messages go to the log of the class that reads the file
  private static final Log LOG = Log.of(AdapterConfig.class);

  /** Returns the tuner, which has to be one of those that are supported. */
  String peftType(Collection<String> supported) throws FileFormatException {
    String can = "; supported: " + String.join(", ", supported);
    JsonNode value = tree.path("peft_type");
    if (!value.isTextual()) {
      throw new FileFormatException(
          file,
          (value.isMissingNode()
                  ? "has no peft_type"
                  : "peft_type is " + PythonJson.describe(value) + ", expected a text")
              + can);
    }
    String type = value.textValue();
    if (supported.contains(type)) {
      return type;
    }
    if (PeftFormat.PEFT_TYPES.contains(type)) {
      throw new UnsupportedSettingException(
          file, "peft_type " + type + " is not supported yet" + can);
    }
    String meant =
        supported.stream()
            .filter(s -> s.equalsIgnoreCase(type.strip().replace('-', '_')))
            .findFirst()
            .map(s -> "; did you mean " + s + "?")
            .orElse("");
    throw new FileFormatException(file, "unknown peft_type " + Quote.text(type) + meant + can);
  }

  /** Warns of keys that are not known, and returns them. */
  List<String> warnOfOthers(Collection<String> known) {
    List<String> unknown = new ArrayList<>();
    tree.fieldNames()
        .forEachRemaining(
            key -> {
              if (!known.contains(key)) {
                unknown.add(key);
              }
            });
    if (!unknown.isEmpty()) {
      LOG.warn(
          "{}: ignoring unknown {} {}; a newer release of peft than {} may have written them",
          file,
          unknown.size() == 1 ? "key" : "keys",
          Quote.list(unknown, 20),
          PeftFormat.PEFT_VERSION);
    }
    return unknown;
  }

  /** Throws if a setting that is not handled differs from its default. */
  void requireDefaults(ObjectNode defaults, Collection<String> handled) throws FileFormatException {
    List<String> bad = new ArrayList<>();
    for (Map.Entry<String, JsonNode> e : defaults.properties()) {
      JsonNode value = tree.path(e.getKey());
      boolean same =
          value.isMissingNode()
              || value.equals(e.getValue())
              || isOff(value) && isOff(e.getValue()) && !isVariant(value, e.getValue());
      if (!same && !handled.contains(e.getKey())) {
        bad.add(e.getKey() + " is " + PythonJson.describe(value));
      }
    }
    if (!bad.isEmpty()) {
      throw new UnsupportedSettingException(
          file, "has settings that are not supported yet: " + String.join("; ", bad));
    }
  }

  /** Returns whether a setting turns something on: any object does, unless objects are usual. */
  private static boolean isVariant(JsonNode value, JsonNode usual) {
    return value.isObject() && !usual.isObject();
  }

  private static boolean isOff(JsonNode value) {
    return value.isNull()
        || value.isBoolean() && !value.booleanValue()
        || value.isContainerNode() && value.isEmpty();
  }
}
