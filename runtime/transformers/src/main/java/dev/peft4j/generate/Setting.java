package dev.peft4j.generate;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A setting of generation: its name in {@code generation_config.json}, the values that it may have,
 * and the one that it has where nothing is said.
 *
 * @param <T> the type of its value
 */
public final class Setting<T> {
  /** Reads a value of JSON, or returns null if it is of another kind. */
  interface Reader<T> {
    @Nullable T read(JsonNode json);
  }

  private final String name;
  private final @Nullable T missing;
  private final String expected;
  private final Predicate<T> valid;
  private final Reader<T> reader;

  Setting(String name, @Nullable T missing, String expected, Predicate<T> valid, Reader<T> reader) {
    this.name = name;
    this.missing = missing;
    this.expected = expected;
    this.valid = valid;
    this.reader = reader;
  }

  /**
   * Returns a setting that is a finite number.
   *
   * @param missing its value where nothing is said; null for none
   * @param expected the valid values in words, such as "a number above 0"
   */
  public static Setting<Double> number(
      String name, @Nullable Double missing, String expected, Predicate<Double> valid) {
    return new Setting<>(
        name,
        missing,
        expected,
        x -> Double.isFinite(x) && valid.test(x),
        j -> j.isNumber() ? j.doubleValue() : null);
  }

  /** Returns a setting that is a whole number of at least {@code least}. */
  public static Setting<Integer> whole(String name, @Nullable Integer missing, int least) {
    return new Setting<>(
        name, missing, "a whole number from " + least, x -> x >= least, Setting::wholeNumber);
  }

  /** Returns a setting that is true or false. */
  public static Setting<Boolean> flag(String name, boolean missing) {
    return new Setting<>(
        name, missing, "true or false", x -> true, j -> j.isBoolean() ? j.booleanValue() : null);
  }

  /** Returns a setting that is a token, or a list of tokens. */
  public static Setting<List<Integer>> tokens(String name) {
    return new Setting<>(
        name,
        null,
        "a token id or a list of them",
        x -> x.stream().allMatch(id -> id >= 0),
        j -> j.isArray() ? list(j, Setting::wholeNumber) : one(wholeNumber(j)));
  }

  /** Returns a setting that is a list of sequences of tokens. */
  public static Setting<List<List<Integer>>> sequences(String name) {
    return new Setting<>(
        name,
        null,
        "a list of lists of token ids",
        x -> !x.isEmpty() && x.stream().allMatch(Setting::isSequence),
        j -> list(j, s -> list(s, Setting::wholeNumber)));
  }

  /** Returns a setting that is a text, or a list of texts. */
  public static Setting<List<String>> texts(String name) {
    return new Setting<>(
        name,
        null,
        "a text or a list of texts, none of them empty",
        x -> x.stream().noneMatch(String::isEmpty),
        j -> j.isArray() ? list(j, Setting::text) : one(text(j)));
  }

  static boolean isSequence(List<Integer> ids) {
    return !ids.isEmpty() && ids.stream().allMatch(id -> id >= 0);
  }

  static @Nullable Integer wholeNumber(JsonNode j) {
    return j.isIntegralNumber() && j.canConvertToInt() ? j.intValue() : null;
  }

  private static @Nullable String text(JsonNode j) {
    return j.isTextual() ? j.textValue() : null;
  }

  private static <E> @Nullable List<E> one(@Nullable E element) {
    return element == null ? null : List.of(element);
  }

  static <E> @Nullable List<E> list(JsonNode j, Reader<E> reader) {
    if (!j.isArray()) {
      return null;
    }
    List<E> all = new ArrayList<>();
    for (JsonNode item : j) {
      E element = reader.read(item);
      if (element == null) {
        return null;
      }
      all.add(element);
    }
    return List.copyOf(all);
  }

  /** Returns the name, as in {@code generation_config.json}. */
  public String name() {
    return name;
  }

  /** Returns the value where nothing is said; null for none. */
  public @Nullable T missing() {
    return missing;
  }

  /** Returns the valid values in words. */
  public String expected() {
    return expected;
  }

  /**
   * Returns {@code value}.
   *
   * @throws IllegalArgumentException if this setting cannot have it
   */
  T require(T value) {
    if (!valid.test(value)) {
      throw new IllegalArgumentException(name + " is " + value + ", expected " + expected);
    }
    return value;
  }

  /** Returns the value that JSON gives, or null if it is not valid. */
  @Nullable T parse(JsonNode json) {
    T value = reader.read(json);
    return value == null || !valid.test(value) ? null : value;
  }

  @Override
  public String toString() {
    return name;
  }
}
