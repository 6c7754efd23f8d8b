package dev.peft4j.dataset;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.peft4j.io.Blanks;
import dev.peft4j.io.JsonProblem;
import dev.peft4j.io.Quote;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodType;
import java.lang.reflect.Array;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Conversions of values of rows to Java's types; JSON arrays and objects are left to Jackson. Lists
 * and objects of JSON are Jackson's to make.
 */
final class Values {
  private static final Pattern NUMBER =
      Pattern.compile("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]{1,9})?");

  /** Numbers with more digits are refused: they take long to parse, and no data file needs them. */
  private static final int MAX_DIGITS = 1000;

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
          .build();

  private static final Map<String, Boolean> TRUTH =
      Map.of("true", true, "false", false, "1", true, "0", false);

  private Values() {}

  /** Returns the type itself, or the wrapper class of a primitive type. */
  @SuppressWarnings("unchecked")
  static <T> Class<T> boxed(Class<T> type) {
    return (Class<T>) MethodType.methodType(type).wrap().returnType();
  }

  /** Returns the value of a cell as a type that is not primitive. */
  static Object of(Row row, String column, Cell cell, Type type) {
    String text = cell.text();
    JsonNode tree = cell.tree();
    Class<?> raw = MAPPER.getTypeFactory().constructType(type).getRawClass();
    if (tree != null) {
      if (isScalar(raw)) {
        throw row.wrong(column, "is " + cell.describe() + ", expected " + expected(raw));
      }
      return structured(row, column, cell, tree, type);
    }
    if (text == null) {
      throw row.wrong(column, "is null, expected " + expected(raw));
    }
    Object scalar = scalar(row, column, text, raw);
    return scalar != null ? scalar : structured(row, column, cell, parsed(text), type);
  }

  private static boolean isScalar(Class<?> raw) {
    return raw == String.class
        || raw == Boolean.class
        || raw == Character.class
        || raw.isEnum()
        || Number.class.isAssignableFrom(raw);
  }

  /** Returns the value as a scalar, or null if the type is not a scalar. */
  private static @Nullable Object scalar(Row row, String column, String text, Class<?> raw) {
    if (raw == String.class || raw == CharSequence.class || raw == Object.class) {
      return whole(row, column, text);
    }
    if (raw == Boolean.class) {
      Boolean value = TRUTH.get(Blanks.strip(text).toLowerCase(Locale.ROOT));
      return require(value, row, column, text, raw);
    }
    if (raw == Character.class) {
      return require(text.length() == 1 ? text.charAt(0) : null, row, column, text, raw);
    }
    if (raw.isEnum()) {
      String name = Blanks.strip(text);
      Object constant =
          Arrays.stream(raw.getEnumConstants())
              .filter(c -> ((Enum<?>) c).name().equalsIgnoreCase(name))
              .findFirst()
              .orElse(null);
      return require(constant, row, column, text, raw);
    }
    return Number.class.isAssignableFrom(raw)
        ? require(number(Blanks.strip(text), raw), row, column, text, raw)
        : null;
  }

  private static Object require(
      @Nullable Object value, Row row, String column, String text, Class<?> raw) {
    if (value == null) {
      throw row.wrong(
          column,
          (text.isEmpty() ? "is empty" : "is " + Quote.text(text)) + ", expected " + expected(raw));
    }
    return value;
  }

  /**
   * Returns the text itself; half of a surrogate pair is refused because no tokenizer accepts it.
   */
  private static String whole(Row row, String column, String text) {
    boolean broken =
        text.codePoints()
            .anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
    if (broken) {
      throw row.wrong(column, "has half of a surrogate pair, which is not a character");
    }
    return text;
  }

  private static @Nullable Object number(String text, Class<?> raw) {
    if (text.length() > MAX_DIGITS || !NUMBER.matcher(text).matches()) {
      return null;
    }
    try {
      if (raw == Float.class) {
        float f = Float.parseFloat(text);
        return Float.isFinite(f) ? (Object) f : null;
      }
      if (raw == Double.class || raw == Number.class) {
        double d = Double.parseDouble(text);
        return Double.isFinite(d) ? (Object) d : null;
      }
      BigDecimal value = new BigDecimal(text);
      if (raw == BigDecimal.class) {
        return value;
      }
      if (Math.abs((long) value.scale()) > MAX_DIGITS) {
        return null;
      }
      if (raw == Integer.class) {
        return value.intValueExact();
      }
      if (raw == Long.class) {
        return value.longValueExact();
      }
      if (raw == Short.class) {
        return value.shortValueExact();
      }
      if (raw == Byte.class) {
        return value.byteValueExact();
      }
      return raw == BigInteger.class ? value.toBigIntegerExact() : null;
    } catch (ArithmeticException | NumberFormatException e) {
      return null; // a fraction, or too large
    }
  }

  /**
   * Returns what a text represents for a type that is not a scalar: a JSON array or object, or a
   * text.
   */
  private static JsonNode parsed(String text) {
    String start = text.strip();
    if (start.startsWith("[") || start.startsWith("{")) {
      try {
        return MAPPER.readTree(text);
      } catch (JsonProcessingException e) {
        return TextNode.valueOf(text); // who wants something else says so
      }
    }
    return TextNode.valueOf(text);
  }

  private static Object structured(Row row, String column, Cell cell, JsonNode tree, Type type) {
    JavaType as = MAPPER.getTypeFactory().constructType(type);
    String found = cell.text() == null ? cell.describe() : Quote.text(cell.text());
    try {
      Object value = MAPPER.readerFor(as).readValue(tree);
      if (value == null) {
        throw row.wrong(column, "is " + found + ", expected " + expected(type));
      }
      requireFinite(row, column, value);
      return value;
    } catch (JsonProcessingException e) {
      throw new RowException(
          cell.place(),
          '"'
              + column
              + "\" is "
              + found
              + ", expected "
              + expected(type)
              + ": "
              + JsonProblem.reason(e),
          e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Checks that numbers are finite: texts such as "NaN" are numbers to Jackson. */
  private static void requireFinite(Row row, String column, Object value) {
    if (value instanceof float[] || value instanceof double[]) {
      for (int i = 0; i < Array.getLength(value); i++) {
        double d = Array.getDouble(value, i);
        if (!Double.isFinite(d)) {
          throw row.wrong(column, "has " + d + " at position " + i + ", expected finite numbers");
        }
      }
    }
  }

  private static String expected(Type type) {
    Class<?> raw = MAPPER.getTypeFactory().constructType(type).getRawClass();
    if (raw == String.class || raw == Object.class || raw == CharSequence.class) {
      return "a text";
    }
    if (raw == Boolean.class) {
      return "true or false";
    }
    if (raw == Character.class) {
      return "one character";
    }
    if (raw.isEnum()) {
      return Arrays.stream(raw.getEnumConstants())
          .map(c -> ((Enum<?>) c).name())
          .collect(Collectors.joining(", ", "one of ", ""));
    }
    if (raw == Long.class || raw == BigInteger.class) {
      return "a whole number";
    }
    if (raw == Integer.class || raw == Short.class || raw == Byte.class) {
      int most = raw == Integer.class ? Integer.MAX_VALUE : raw == Short.class ? 32767 : 127;
      return "a whole number of at most " + most;
    }
    return Number.class.isAssignableFrom(raw)
        ? "a number"
        : type.getTypeName().replaceAll("[\\w.$]*[.$](\\w)", "$1");
  }

  /** Returns a cell as text for messages. */
  static String shown(@Nullable Cell cell) {
    if (cell == null) {
      return "";
    }
    JsonNode tree = cell.tree();
    return tree != null
        ? Quote.text(tree.toString())
        : cell.text() == null ? "null" : Quote.text(cell.text());
  }
}
