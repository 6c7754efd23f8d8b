package dev.peft4j.transformers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.FileFormatException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An object in a JSON file, with its path. Every error names the file, the place in it, what was
 * found and what would have been right.
 *
 * @param tree the object
 * @param path its path in the file, such as {@code normalizer.normalizers[1]}; empty for the whole
 *     file
 * @param file for messages
 */
record JsonPart(ObjectNode tree, String path, Path file) {
  private static final int MAX_QUOTE = 80;

  JsonNode get(String key) {
    return tree.path(key);
  }

  boolean has(String key) {
    return !get(key).isMissingNode() && !get(key).isNull();
  }

  /** Returns the object at {@code key}, or null if there is none. */
  @Nullable JsonPart object(String key) throws FileFormatException {
    if (!has(key)) {
      return null;
    }
    if (get(key) instanceof ObjectNode object) {
      return new JsonPart(object, name(key), file);
    }
    throw wrong(key, "an object");
  }

  /** Returns the object at {@code key}, which must exist. */
  JsonPart required(String key) throws FileFormatException {
    JsonPart part = object(key);
    if (part == null) {
      throw wrong(key, "an object");
    }
    return part;
  }

  /** Returns the objects of the list at {@code key}. */
  List<JsonPart> objects(String key) throws FileFormatException {
    if (!get(key).isArray()) {
      throw wrong(key, "a list of objects");
    }
    List<JsonPart> out = new ArrayList<>();
    for (JsonNode item : get(key)) {
      String name = name(key) + "[" + out.size() + "]";
      if (!(item instanceof ObjectNode object)) {
        throw new FileFormatException(
            file, name + " is " + shortened(item) + ", expected an object");
      }
      out.add(new JsonPart(object, name, file));
    }
    return out;
  }

  String text(String key) throws FileFormatException {
    String text = textOrNull(key);
    if (text == null) {
      throw wrong(key, "a text");
    }
    return text;
  }

  @Nullable String textOrNull(String key) throws FileFormatException {
    if (!has(key)) {
      return null;
    }
    if (!get(key).isTextual()) {
      throw wrong(key, "a text");
    }
    return requireWhole(key, get(key).textValue());
  }

  /** Returns a text of exactly one character. */
  String character(String key) throws FileFormatException {
    String text = text(key);
    if (text.codePointCount(0, text.length()) != 1) {
      throw wrong(key, "a single character");
    }
    return text;
  }

  /**
   * Returns one of some texts; {@code missing} if there is none, which is an error if that is null.
   */
  String oneOf(String key, @Nullable String missing, String... allowed) throws FileFormatException {
    String text = textOrNull(key);
    if (text == null && missing != null) {
      return missing;
    }
    if (text == null || !List.of(allowed).contains(text)) {
      throw wrong(key, "one of " + String.join(", ", allowed));
    }
    return text;
  }

  boolean flag(String key) throws FileFormatException {
    if (!get(key).isBoolean()) {
      throw wrong(key, "true or false");
    }
    return get(key).booleanValue();
  }

  boolean flag(String key, boolean missing) throws FileFormatException {
    return has(key) ? flag(key) : missing;
  }

  int whole(String key, int least, int most) throws FileFormatException {
    JsonNode value = get(key);
    boolean fits =
        value.isIntegralNumber()
            && value.canConvertToInt()
            && value.intValue() >= least
            && value.intValue() <= most;
    if (!fits) {
      throw wrong(
          key,
          most == Integer.MAX_VALUE
              ? "a whole number from " + least
              : "a whole number from " + least + " to " + most);
    }
    return value.intValue();
  }

  int whole(String key, int least, int most, int missing) throws FileFormatException {
    return has(key) ? whole(key, least, most) : missing;
  }

  /** Returns {@code text}, in which every surrogate must belong to a pair. */
  String requireWhole(String key, String text) throws FileFormatException {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        throw error(key, "has half a surrogate pair, which is not a character");
      }
    }
    return text;
  }

  FileFormatException wrong(String key, String expected) {
    return new FileFormatException(
        file, name(key) + " is " + shortened(get(key)) + ", expected " + expected);
  }

  FileFormatException error(String key, String problem) {
    return new FileFormatException(file, name(key) + " " + problem);
  }

  String name(String key) {
    return path.isEmpty() ? key : key.isEmpty() ? path : path + "." + key;
  }

  static String shortened(JsonNode value) {
    if (value.isMissingNode()) {
      return "missing";
    }
    if (value.isContainerNode()) {
      return value.isArray() ? "a list" : "an object";
    }
    return shortened(value.toString());
  }

  /** Returns the start of a text that may be long, without characters that would break the line. */
  static String shortened(String text) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < Math.min(text.length(), MAX_QUOTE); i++) {
      char c = text.charAt(i);
      boolean odd = Character.isISOControl(c) || Character.isSurrogate(c) || c == '\u2028';
      out.append(odd ? String.format("\\u%04x", (int) c) : Character.toString(c));
    }
    return text.length() > MAX_QUOTE ? out + "..." : out.toString();
  }
}
