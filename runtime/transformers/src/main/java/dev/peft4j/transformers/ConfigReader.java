package dev.peft4j.transformers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.FileFormatException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoublePredicate;
import org.jspecify.annotations.Nullable;

/**
 * Checked access to the values of a {@code config.json}: every error names the file, the key, what
 * was found and what would have been right.
 */
public final class ConfigReader {
  private static final int MAX_QUOTE = 80;

  private final ObjectNode tree;
  private final Path file;
  private final Map<String, String> names;

  /** The path of {@code tree} in the file, with a dot behind it; empty for the whole file. */
  private final String path;

  /** The names with their paths that were asked for. */
  private final Set<String> read;

  /** The objects in the file that are read by their keys. */
  private final Map<String, ObjectNode> nested;

  /** Creates a reader of a file's content. */
  public ConfigReader(ObjectNode tree, Path file) {
    this(tree, file, Map.of(), "", new HashSet<>(), new LinkedHashMap<>());
    nested.put("", tree);
  }

  private ConfigReader(
      ObjectNode tree,
      Path file,
      Map<String, String> names,
      String path,
      Set<String> read,
      Map<String, ObjectNode> nested) {
    this.tree = tree;
    this.file = file;
    this.names = names;
    this.path = path;
    this.read = read;
    this.nested = nested;
  }

  /**
   * Returns a reader of the same file that finds some keys under other names (transformers' {@code
   * attribute_map}); if a file has only the usual name, that is used.
   *
   * @param names names in the file by usual names, such as {@code dim} by {@code hidden_size}
   */
  public ConfigReader renamed(Map<String, String> names) {
    return new ConfigReader(tree, file, Map.copyOf(names), path, read, nested);
  }

  /**
   * Returns a reader of the object at a key, whose errors name its path, or null if there is none.
   */
  public @Nullable ConfigReader section(String key) throws FileFormatException {
    if (!has(key)) {
      return null;
    }
    if (!(get(key) instanceof ObjectNode object)) {
      throw wrong(key, "an object");
    }
    String below = path + name(key) + ".";
    nested.put(below, object);
    return new ConfigReader(object, file, Map.of(), below, read, nested);
  }

  /** Returns whether the value at a path that {@link #unread} gave is null or false. */
  boolean isOff(String path) {
    int dot = path.lastIndexOf('.') + 1;
    JsonNode value = nested.getOrDefault(path.substring(0, dot), tree).path(path.substring(dot));
    return value.isNull() || value.isBoolean() && !value.booleanValue();
  }

  /** Returns the names of the values that nobody has asked for, with their paths. */
  List<String> unread() {
    List<String> unread = new ArrayList<>();
    nested.forEach(
        (at, object) ->
            object
                .fieldNames()
                .forEachRemaining(
                    key -> {
                      if (!read.contains(at + key)) {
                        unread.add(at + key);
                      }
                    }));
    return unread;
  }

  /** Returns the name under which the file has, or would have, a key. */
  public String name(String key) {
    String own = names.getOrDefault(key, key);
    return tree.has(own) || !tree.has(key) ? own : key;
  }

  /** Returns whether there is a value that is not null. */
  public boolean has(String key) {
    return !get(key).isMissingNode() && !get(key).isNull();
  }

  /** Returns a value as it is; a missing node if there is none. */
  public JsonNode get(String key) {
    String name = name(key);
    read.add(path + name);
    return tree.path(name);
  }

  /**
   * Returns a whole number.
   *
   * @param least the smallest valid value
   * @param missing the value if the file has none
   */
  public int wholeNumber(String key, int least, int missing) throws FileFormatException {
    JsonNode value = get(key);
    if (value.isMissingNode()) {
      return missing;
    }
    if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < least) {
      throw wrong(key, "a whole number from " + least);
    }
    return value.intValue();
  }

  /**
   * Returns a finite number.
   *
   * @param missing the value if the file has none
   * @param expected the valid values, for the error
   * @param ok whether a number is valid
   */
  public double number(String key, double missing, String expected, DoublePredicate ok)
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

  /** Returns true or false, or {@code missing} if the file has none or null. */
  public boolean flag(String key, boolean missing) throws FileFormatException {
    if (!has(key)) {
      return missing;
    }
    if (!get(key).isBoolean()) {
      throw wrong(key, "true or false");
    }
    return get(key).booleanValue();
  }

  /**
   * Returns a probability of dropout, at least 0 and less than 1.
   *
   * @param missing the value if the file has none
   */
  public double probability(String key, double missing) throws FileFormatException {
    return number(
        key, missing, "a number from 0 up to, but not including, 1", v -> v >= 0 && v < 1);
  }

  /** Returns a text, or null if the file has none. */
  public @Nullable String text(String key) throws FileFormatException {
    if (!has(key)) {
      return null;
    }
    if (!get(key).isTextual()) {
      throw wrong(key, "a text");
    }
    return get(key).textValue();
  }

  /**
   * Refuses a setting that is not supported.
   *
   * @param allowed the one text that is supported; null for none
   * @throws FileFormatException if the value is neither missing, null, false, empty nor {@code
   *     allowed}
   */
  public void requireOff(String key, @Nullable String allowed) throws FileFormatException {
    JsonNode value = get(key);
    boolean off =
        !has(key)
            || value.isBoolean() && !value.booleanValue()
            || value.isContainerNode() && value.isEmpty()
            || value.isTextual() && value.textValue().equals(allowed);
    if (!off) {
      throw error(
          path
              + name(key)
              + " is "
              + found(key)
              + ", which is not supported; expected "
              + (allowed == null ? "it to be absent or false" : '"' + allowed + '"'));
    }
  }

  /**
   * Returns the texts of an object whose keys are 0, 1, ... in any order, such as {@code id2label}.
   */
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

  /** Returns the error for an invalid value. */
  public FileFormatException wrong(String key, String expected) {
    return error(path + name(key) + " is " + found(key) + ", expected " + expected);
  }

  /** Returns an error about this file. */
  public FileFormatException error(String problem) {
    return new FileFormatException(file, problem);
  }

  private String found(String key) {
    JsonNode value = get(key);
    if (value.isMissingNode()) {
      return "missing";
    }
    String text = value.toString();
    return text.length() > MAX_QUOTE ? text.substring(0, MAX_QUOTE) + "..." : text;
  }
}
