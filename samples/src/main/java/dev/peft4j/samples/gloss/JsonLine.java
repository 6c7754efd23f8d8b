package dev.peft4j.samples.gloss;

import java.util.Map;
import java.util.stream.Collectors;

/** A JSON object on one line, spaced as Python's json.dumps spaces it. */
final class JsonLine {
  private JsonLine() {}

  /** Returns the line for texts without special characters and finite numbers. */
  static String of(Map<String, Object> fields) {
    return fields.entrySet().stream()
        .map(e -> quote(e.getKey()) + ": " + value(e.getValue()))
        .collect(Collectors.joining(", ", "{", "}"));
  }

  /** Returns {@code value} rounded to that many decimals. */
  static double round(double value, int digits) {
    double unit = Math.pow(10, digits);
    return Math.rint(value * unit) / unit;
  }

  private static String value(Object v) {
    return v instanceof Number n ? n.toString() : quote(v.toString());
  }

  private static String quote(String s) {
    return '"' + s + '"';
  }
}
