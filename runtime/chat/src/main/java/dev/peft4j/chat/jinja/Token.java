package dev.peft4j.chat.jinja;

import java.util.Map;

/**
 * A piece of a template.
 *
 * @param type jinja2's name of the type ({@code data}, {@code name}, {@code add}, ...)
 * @param value a text or a number; the text of an operator
 * @param position where it begins in the source
 */
record Token(String type, Object value, int position) {
  static final Map<String, String> OPERATORS =
      Map.ofEntries(
          Map.entry("+", "add"),
          Map.entry("-", "sub"),
          Map.entry("/", "div"),
          Map.entry("//", "floordiv"),
          Map.entry("*", "mul"),
          Map.entry("%", "mod"),
          Map.entry("**", "pow"),
          Map.entry("~", "tilde"),
          Map.entry("[", "lbracket"),
          Map.entry("]", "rbracket"),
          Map.entry("(", "lparen"),
          Map.entry(")", "rparen"),
          Map.entry("{", "lbrace"),
          Map.entry("}", "rbrace"),
          Map.entry("==", "eq"),
          Map.entry("!=", "ne"),
          Map.entry(">", "gt"),
          Map.entry(">=", "gteq"),
          Map.entry("<", "lt"),
          Map.entry("<=", "lteq"),
          Map.entry("=", "assign"),
          Map.entry(".", "dot"),
          Map.entry(":", "colon"),
          Map.entry("|", "pipe"),
          Map.entry(",", "comma"),
          Map.entry(";", "semicolon"));

  boolean is(String type) {
    return this.type.equals(type);
  }

  boolean isName(String name) {
    return type.equals("name") && value.equals(name);
  }

  String text() {
    return String.valueOf(value);
  }

  /** What messages call it. */
  String describe() {
    return is("name") ? text() : describe(type);
  }

  static String describe(String type) {
    for (Map.Entry<String, String> e : OPERATORS.entrySet()) {
      if (e.getValue().equals(type)) {
        return e.getKey();
      }
    }
    return switch (type) {
      case "block_begin" -> "begin of statement block";
      case "block_end" -> "end of statement block";
      case "variable_begin" -> "begin of print statement";
      case "variable_end" -> "end of print statement";
      case "data" -> "template data / text";
      case "eof" -> "end of template";
      default -> type;
    };
  }
}
