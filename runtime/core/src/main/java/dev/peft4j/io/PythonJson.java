package dev.peft4j.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** JSON files in the way in which Python's {@code json} module reads and writes them. */
public final class PythonJson {
  private static final long MAX_FILE = 100_000_000;

  /**
   * The largest number of values, names and brackets of a file: each takes a few dozen bytes, even
   * if it is short.
   */
  private static final long MAX_TOKENS = 4_000_000;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                  .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                  .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(200)
                          .maxTokenCount(MAX_TOKENS)
                          .build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private PythonJson() {}

  /**
   * Reads a file that contains one JSON object. {@code NaN}, {@code Infinity} and {@code -Infinity}
   * are read as Python writes them; duplicate keys, anything after the object and text that is not
   * UTF-8 are errors.
   *
   * @throws FileFormatException if the file does not exist or is not a JSON object
   */
  public static ObjectNode read(Path file) throws IOException {
    return parse(file, AtomicFiles.reading(file, at -> bytes(file, at)));
  }

  private static byte[] bytes(Path file, Path at) throws IOException {
    SafeTensors.requireFile(file, at, "a JSON file");
    try {
      long size = Files.size(at);
      if (size > MAX_FILE) {
        throw new FileFormatException(
            file, "has " + size + " bytes; a JSON file of more than " + MAX_FILE + " is refused");
      }
      return Files.readAllBytes(at);
    } catch (FileFormatException e) {
      throw e;
    } catch (IOException e) {
      throw new FileFormatException(file, "cannot be read: " + Quote.reason(e), e);
    }
  }

  /** Returns the object in {@code bytes}, which came from {@code file}. */
  static ObjectNode parse(Path file, byte[] bytes) throws FileFormatException {
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      if (text.isBlank()) {
        throw new FileFormatException(file, "is empty, expected a JSON object");
      }
      JsonNode tree = MAPPER.readTree(text);
      if (tree instanceof ObjectNode object) {
        return object;
      }
      throw new FileFormatException(file, "holds " + describe(tree) + ", expected a JSON object");
    } catch (CharacterCodingException e) {
      throw new FileFormatException(file, "is not UTF-8 text", e);
    } catch (JsonProcessingException e) {
      String where =
          e.getLocation() == null
              ? ""
              : " in line "
                  + e.getLocation().getLineNr()
                  + ", column "
                  + e.getLocation().getColumnNr();
      throw new FileFormatException(
          file, "is not valid JSON" + where + ": " + JsonProblem.reason(e), e);
    }
  }

  /**
   * Returns the text that Python's {@code json.dumps(value, indent=2, sort_keys=True)} returns:
   * keys of every object sorted, non-ASCII characters escaped, no newline at the end.
   */
  public static String format(JsonNode value) {
    StringBuilder out = new StringBuilder();
    write(out, value, "\n");
    return out.toString();
  }

  /**
   * Returns {@code value} as Python would write such a number: 4.0 as the integer 4, 0.5 as it is.
   */
  public static JsonNode number(double value) {
    if (value == Math.rint(value) && Math.abs(value) < 1e15) {
      long whole = (long) value;
      return whole == (int) whole ? IntNode.valueOf((int) whole) : LongNode.valueOf(whole);
    }
    return DoubleNode.valueOf(value);
  }

  /** Returns a value in words, for messages. */
  static String describe(JsonNode value) {
    return switch (value.getNodeType()) {
      case OBJECT -> "an object";
      case ARRAY -> value.isEmpty() ? "an empty list" : "a list";
      case STRING -> "the text " + Quote.text(value.textValue());
      case NULL -> "null";
      case MISSING -> "nothing";
      case NUMBER -> "the number " + Quote.plain(scalar(value));
      default -> Quote.plain(scalar(value));
    };
  }

  /** Appends {@code s} as a JSON string; non-ASCII characters are escaped if {@code ascii}. */
  static void quote(StringBuilder out, String s, boolean ascii) {
    out.append('"');
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c < ' ' || ascii && c > '~') {
            out.append(String.format("\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }

  private static void write(StringBuilder out, JsonNode value, String newline) {
    String inner = newline + "  ";
    if (value.isObject()) {
      List<String> keys = new ArrayList<>();
      value.fieldNames().forEachRemaining(keys::add);
      keys.sort(Utf16.BY_CODE_POINT);
      out.append('{');
      for (Iterator<String> it = keys.iterator(); it.hasNext(); ) {
        String key = it.next();
        out.append(inner);
        quote(out, key, true);
        out.append(": ");
        write(out, value.get(key), inner);
        out.append(it.hasNext() ? "," : newline);
      }
      out.append('}');
    } else if (value.isArray()) {
      out.append('[');
      for (Iterator<JsonNode> it = value.iterator(); it.hasNext(); ) {
        out.append(inner);
        write(out, it.next(), inner);
        out.append(it.hasNext() ? "," : newline);
      }
      out.append(']');
    } else if (value.isTextual()) {
      quote(out, value.textValue(), true);
    } else {
      out.append(scalar(value));
    }
  }

  private static String scalar(JsonNode value) {
    if (value.isFloat()) {
      // The decimal that a person wrote as a float, not the double nearest to that float.
      return repr(Double.parseDouble(Float.toString(value.floatValue())));
    }
    return value.isFloatingPointNumber() ? repr(value.doubleValue()) : value.asText();
  }

  /**
   * Returns Python's {@code repr} of a float, including the tokens for numbers that JSON does not
   * have.
   */
  static String repr(double v) {
    if (Double.isNaN(v)) {
      return "NaN";
    }
    if (Double.isInfinite(v)) {
      return v > 0 ? "Infinity" : "-Infinity";
    }
    if (v == 0) {
      return 1 / v < 0 ? "-0.0" : "0.0";
    }
    BigDecimal shortest = shortest(Math.abs(v));
    String digits = shortest.unscaledValue().toString();
    int point = digits.length() - shortest.scale();
    String sign = v < 0 ? "-" : "";
    if (point > -4 && point <= 16) {
      if (point <= 0) {
        return sign + "0." + "0".repeat(-point) + digits;
      }
      if (point >= digits.length()) {
        return sign + digits + "0".repeat(point - digits.length()) + ".0";
      }
      return sign + digits.substring(0, point) + "." + digits.substring(point);
    }
    String fraction = digits.length() == 1 ? "" : "." + digits.substring(1);
    int exponent = point - 1;
    return String.format(
        "%s%c%se%c%02d",
        sign, digits.charAt(0), fraction, exponent < 0 ? '-' : '+', Math.abs(exponent));
  }

  /**
   * Returns the shortest decimal that is read as {@code v}; Java's own has two digits where one is
   * enough.
   */
  private static BigDecimal shortest(double v) {
    BigDecimal d = new BigDecimal(Double.toString(v)).stripTrailingZeros();
    if (d.precision() == 2) {
      BigDecimal one = d.round(new MathContext(1));
      if (one.doubleValue() == v) {
        return one.stripTrailingZeros();
      }
    }
    return d;
  }
}
