package dev.peft4j.io;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.function.DoublePredicate;
import java.util.function.Supplier;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * The contents of an {@code adapter_config.json}: keys and values of any tuner, with getters that
 * check them. A missing key gives the default, as in peft; so does {@code null} where peft's own
 * default is {@code null} or false. Every error names the file, the key, what was found and what
 * would have been right. Instances are immutable.
 */
public final class AdapterConfig {
  private final Path file;
  private final ObjectNode tree;

  private AdapterConfig(Path file, ObjectNode tree) {
    this.file = file;
    this.tree = tree;
  }

  /**
   * Reads a file.
   *
   * @throws FileFormatException if the file does not exist or is not a JSON object
   */
  public static AdapterConfig read(Path file) throws IOException {
    return new AdapterConfig(file, PythonJson.read(file));
  }

  /** Returns a configuration to be written, with the keys and values of {@code tree}. */
  public static AdapterConfig of(ObjectNode tree) {
    return new AdapterConfig(Path.of(PeftFormat.CONFIG_FILE), tree.deepCopy());
  }

  /** Returns the file that it was read from, or only the usual file name. */
  public Path file() {
    return file;
  }

  /** Returns a copy of all keys and values, in the file's order. */
  public ObjectNode tree() {
    return tree.deepCopy();
  }

  /** Returns the text of the file as peft writes it. */
  public String toJson() {
    return PythonJson.format(tree);
  }

  /** Returns the value of {@code key}; a missing node if there is none. */
  public JsonNode get(String key) {
    return tree.path(key);
  }

  /**
   * Returns the tuner that the adapter belongs to.
   *
   * @param supported the values that the caller supports
   * @throws FileFormatException if there is none, or another one
   */
  public String peftType(Collection<String> supported) throws FileFormatException {
    return known().peftType(supported);
  }

  /**
   * Warns, in one message, of keys that are not read: as in peft, a newer release may have added
   * them.
   *
   * @param known the keys that are read or may be ignored
   * @return the unknown keys, in the file's order
   */
  public List<String> warnUnknownKeys(Collection<String> known) {
    return known().warnOfOthers(known);
  }

  /**
   * Throws if a setting that the caller does not support differs from its default: the adapter
   * would not compute the same as in peft.
   *
   * @param defaults every known key with its default
   * @param handled the keys that the caller supports or that do not change the result
   * @throws UnsupportedSettingException listing all such keys with their values
   */
  public void requireDefaults(ObjectNode defaults, Collection<String> handled)
      throws FileFormatException {
    known().requireDefaults(defaults, handled);
  }

  private KnownSettings known() {
    return new KnownSettings(file, tree);
  }

  /** Returns a whole number of at least 1, such as a rank. */
  public int positiveInteger(String key, int missing) throws FileFormatException {
    JsonNode value = get(key);
    return value.isMissingNode() ? missing : positiveInteger(key, value);
  }

  /** Returns a whole number of at least {@code least}. */
  public int integer(String key, int missing, int least) throws FileFormatException {
    JsonNode value = get(key);
    String expected =
        least == Integer.MIN_VALUE ? "a whole number" : "a whole number from " + least;
    return value.isMissingNode() ? missing : integer(key, value, least, expected);
  }

  /** Returns a finite number. */
  public double number(String key, double missing) throws FileFormatException {
    return number(key, missing, "a finite number", _ -> true);
  }

  /** Returns a finite number above 0, such as alpha. */
  public double positiveNumber(String key, double missing) throws FileFormatException {
    return number(key, missing, "a finite number above 0", v -> v > 0);
  }

  /** Returns a dropout probability: at least 0 and below 1. */
  public double dropout(String key, double missing) throws FileFormatException {
    return number(
        key, missing, "a number from 0 up to, but not including, 1", v -> v >= 0 && v < 1);
  }

  /**
   * Returns a dropout probability as torch allows it: 1 drops everything; below 0 nothing is
   * dropped, as in peft.
   */
  public double anyDropout(String key, double missing) throws FileFormatException {
    return Math.max(0, number(key, missing, "a number from 0 to 1", v -> v <= 1));
  }

  /** Returns true or false; null is the same as a missing key. */
  public boolean flag(String key, boolean missing) throws FileFormatException {
    JsonNode value = get(key);
    if (absent(value)) {
      return missing;
    }
    if (!value.isBoolean()) {
      throw wrong(key, value, "true or false");
    }
    return value.booleanValue();
  }

  /** Returns whether the value is a text, for keys that allow a text or a list. */
  public boolean isText(String key) {
    return get(key).isTextual();
  }

  /** Returns a text; null if the key is missing or null. */
  public @Nullable String text(String key) throws FileFormatException {
    JsonNode value = get(key);
    if (absent(value)) {
      return null;
    }
    if (!value.isTextual()) {
      throw wrong(key, value, "a text");
    }
    return value.textValue();
  }

  /** Returns one of a few texts. */
  public String choice(String key, String missing, Collection<String> allowed)
      throws FileFormatException {
    JsonNode value = get(key);
    if (value.isMissingNode()) {
      return missing;
    }
    if (!value.isTextual() || !allowed.contains(value.textValue())) {
      throw wrong(key, value, "one of " + String.join(", ", allowed));
    }
    return value.textValue();
  }

  /** Returns a list of texts; null if the key is missing or null. */
  public @Nullable List<String> texts(String key) throws FileFormatException {
    JsonNode value = get(key);
    if (absent(value)) {
      return null;
    }
    if (!value.isArray()) {
      throw wrong(key, value, "a list of texts");
    }
    List<String> out = new ArrayList<>();
    for (JsonNode item : value) {
      if (!item.isTextual()) {
        throw wrong(key + "[" + out.size() + "]", item, "a text");
      }
      out.add(item.textValue());
    }
    return List.copyOf(out);
  }

  /** Returns a text or a list of texts, as a list; null if the key is missing or null. */
  public @Nullable List<String> textOrTexts(String key) throws FileFormatException {
    JsonNode value = get(key);
    if (!absent(value) && !value.isArray() && !value.isTextual()) {
      throw wrong(key, value, "a text or a list of texts");
    }
    return value.isTextual() ? List.of(value.textValue()) : texts(key);
  }

  /**
   * Returns a whole number or a list of them, none negative, as a list; null if missing or null.
   */
  public @Nullable List<Integer> indices(String key) throws FileFormatException {
    return integers(key, 0, "a whole number from 0");
  }

  /** Returns a whole number or a list of them, as a list; null if missing or null. */
  public @Nullable List<Integer> integers(String key) throws FileFormatException {
    return integers(key, Integer.MIN_VALUE, "a whole number");
  }

  private @Nullable List<Integer> integers(String key, int least, String expected)
      throws FileFormatException {
    JsonNode value = get(key);
    if (absent(value)) {
      return null;
    }
    if (!value.isArray()) {
      return List.of(integer(key, value, least, expected + ", or a list of them"));
    }
    List<Integer> out = new ArrayList<>();
    for (JsonNode item : value) {
      out.add(integer(key + "[" + out.size() + "]", item, least, expected));
    }
    return List.copyOf(out);
  }

  /**
   * Returns whole numbers of at least 1 by text, such as a rank pattern; a missing key and null are
   * empty.
   */
  public SequencedMap<String, Integer> positiveIntegers(String key) throws FileFormatException {
    SequencedMap<String, Integer> out = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> e : entries(key)) {
      out.put(e.getKey(), positiveInteger(inside(key, e), e.getValue()));
    }
    return out;
  }

  /**
   * Returns lists of whole numbers from 0 by text, such as tokens of embeddings; a missing key and
   * null are empty.
   */
  public SequencedMap<String, List<Integer>> indicesByText(String key) throws FileFormatException {
    SequencedMap<String, List<Integer>> out = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> e : entries(key)) {
      String inside = inside(key, e);
      if (!e.getValue().isArray()) {
        throw wrong(inside, e.getValue(), "a list of whole numbers from 0");
      }
      List<Integer> numbers = new ArrayList<>();
      for (JsonNode item : e.getValue()) {
        numbers.add(integer(inside + "[" + numbers.size() + "]", item, 0, "a whole number from 0"));
      }
      out.put(e.getKey(), List.copyOf(numbers));
    }
    return out;
  }

  /** Returns finite numbers above 0 by text; a missing key and null are empty. */
  public SequencedMap<String, Double> positiveNumbers(String key) throws FileFormatException {
    SequencedMap<String, Double> out = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> e : entries(key)) {
      double v =
          number(inside(key, e), e.getValue(), "a finite number above 0", number -> number > 0);
      out.put(e.getKey(), v);
    }
    return out;
  }

  /** Returns finite numbers by text, such as an alpha pattern; a missing key and null are empty. */
  public SequencedMap<String, Double> numbers(String key) throws FileFormatException {
    SequencedMap<String, Double> out = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> e : entries(key)) {
      out.put(e.getKey(), number(inside(key, e), e.getValue(), "a finite number", _ -> true));
    }
    return out;
  }

  /**
   * Returns an exception about this file: {@code key} is {@code value}, {@code expected} was
   * expected.
   */
  public FileFormatException wrong(String key, JsonNode value, String expected) {
    return error(key + " is " + PythonJson.describe(value) + ", expected " + expected);
  }

  /** A function of this file's values. */
  @FunctionalInterface
  public interface Reading<T> {
    /** Returns the result. */
    T get() throws IOException;
  }

  /**
   * Returns the result of {@code reading}.
   *
   * @throws FileFormatException in place of an {@link IllegalArgumentException}, with the file's
   *     name
   */
  public <T> T checked(Reading<T> reading) throws IOException {
    try {
      return reading.get();
    } catch (IllegalArgumentException e) {
      throw new FileFormatException(file, String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * Compiles the regular expressions of a key.
   *
   * @throws FileFormatException in place of a {@link PatternSyntaxException}, with the key
   */
  public void expressions(String key, Supplier<?> compiler) throws FileFormatException {
    try {
      Objects.requireNonNull(compiler.get());
    } catch (PatternSyntaxException e) {
      throw new FileFormatException(
          file,
          key
              + " has "
              + Quote.text(e.getPattern())
              + ", which is not a regular expression of Python: "
              + e.getDescription()
              + (e.getIndex() < 0 ? "" : " at position " + e.getIndex()),
          e);
    }
  }

  private FileFormatException error(String problem) {
    return new FileFormatException(file, problem);
  }

  private Iterable<Map.Entry<String, JsonNode>> entries(String key) throws FileFormatException {
    JsonNode value = get(key);
    if (absent(value)) {
      return List.of();
    }
    if (!value.isObject()) {
      throw wrong(key, value, "an object of numbers by module name");
    }
    return value.properties();
  }

  private static String inside(String key, Map.Entry<String, JsonNode> e) {
    return key + "[" + Quote.text(e.getKey()) + "]";
  }

  private int positiveInteger(String key, JsonNode value) throws FileFormatException {
    return integer(key, value, 1, "a whole number from 1");
  }

  private int integer(String key, JsonNode value, int least, String expected)
      throws FileFormatException {
    if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < least) {
      throw wrong(key, value, expected);
    }
    return value.intValue();
  }

  private double number(String key, double missing, String expected, DoublePredicate ok)
      throws FileFormatException {
    JsonNode value = get(key);
    return value.isMissingNode() ? missing : number(key, value, expected, ok);
  }

  private double number(String key, JsonNode value, String expected, DoublePredicate ok)
      throws FileFormatException {
    double v = value.isNumber() ? value.doubleValue() : Double.NaN;
    if (!Double.isFinite(v) || !ok.test(v)) {
      throw wrong(key, value, expected);
    }
    return v;
  }

  private static boolean absent(JsonNode value) {
    return value.isMissingNode() || value.isNull();
  }

  @Override
  public String toString() {
    return toJson();
  }
}
