package dev.peft4j.transformers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.FileFormatException;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.DoublePredicate;
import org.jspecify.annotations.Nullable;

/**
 * Checked access to the values of a {@code config.json}: every error names the file, the key, what
 * was found and what would have been right.
 */
final class ConfigReader {
  private static final int LONGEST_QUOTE = 80;

  private final ObjectNode tree;
  private final Path file;

  ConfigReader(ObjectNode tree, Path file) {
    this.tree = tree;
    this.file = file;
  }

  boolean has(String key) {
    return !get(key).isMissingNode() && !get(key).isNull();
  }

  JsonNode get(String key) {
    return tree.path(key);
  }

  int wholeNumber(String key, int least, int missing) throws FileFormatException {
    JsonNode value = get(key);
    if (value.isMissingNode()) {
      return missing;
    }
    if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < least) {
      throw wrong(key, "a whole number from " + least);
    }
    return value.intValue();
  }

  double number(String key, double missing, String expected, DoublePredicate ok)
      throws FileFormatException {
    JsonNode value = get(key);
    if (value.isMissingNode()) {
      return missing;
    }
    double v = value.isNumber() ? value.doubleValue() : Double.NaN;
    if (!Double.isFinite(v) || !ok.test(v)) {
      throw wrong(key, expected);
    }
    return v;
  }

  double probability(String key, double missing) throws FileFormatException {
    return number(
        key, missing, "a number from 0 up to, but not including, 1", v -> v >= 0 && v < 1);
  }

  @Nullable String text(String key) throws FileFormatException {
    if (!has(key)) {
      return null;
    }
    if (!get(key).isTextual()) {
      throw wrong(key, "a text");
    }
    return get(key).textValue();
  }

  /** Throws if {@code key} is there and neither null, false, empty nor {@code allowed}. */
  void requireOff(String key, @Nullable String allowed) throws FileFormatException {
    JsonNode value = get(key);
    boolean off =
        !has(key)
            || value.isBoolean() && !value.booleanValue()
            || value.isContainerNode() && value.isEmpty()
            || value.isTextual() && value.textValue().equals(allowed);
    if (!off) {
      throw error(
          key
              + " is "
              + found(key)
              + ", which is not supported; expected "
              + (allowed == null ? "it to be absent or false" : '"' + allowed + '"'));
    }
  }

  /** The texts of an object whose keys are 0, 1, ... in any order, such as {@code id2label}. */
  @Nullable String[] numberedTexts(String key) throws FileFormatException {
    JsonNode value = get(key);
    if (!value.isObject() || value.isEmpty()) {
      throw wrong(key, "an object with a text for each of 0, 1, ...");
    }
    @Nullable String[] texts = new @Nullable String[value.size()];
    for (Map.Entry<String, JsonNode> e : value.properties()) {
      int i = e.getKey().matches("[0-9]{1,9}") ? Integer.parseInt(e.getKey()) : -1;
      if (i < 0 || i >= texts.length || texts[i] != null || !e.getValue().isTextual()) {
        throw wrong(key, "a text for each of 0 to " + (texts.length - 1));
      }
      texts[i] = e.getValue().textValue();
    }
    return texts;
  }

  FileFormatException wrong(String key, String expected) {
    return error(key + " is " + found(key) + ", expected " + expected);
  }

  FileFormatException error(String problem) {
    return new FileFormatException(file, problem);
  }

  private String found(String key) {
    JsonNode value = get(key);
    if (value.isMissingNode()) {
      return "missing";
    }
    String text = value.toString();
    return text.length() > LONGEST_QUOTE ? text.substring(0, LONGEST_QUOTE) + "..." : text;
  }
}
