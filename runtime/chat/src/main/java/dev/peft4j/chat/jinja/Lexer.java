package dev.peft4j.chat.jinja;

import java.util.ArrayDeque;
import java.util.Deque;

/** Cuts a template into tokens, with {@code trim_blocks} and {@code lstrip_blocks} on. */
final class Lexer {
  private final Source source;
  private final String text;
  private final Deque<Token> ready = new ArrayDeque<>();
  private final Deque<String> open = new ArrayDeque<>();
  private int at;
  private boolean lineStarting = true;
  // The end of the tag that is being read; null outside of tags.
  private String tag = "";

  Lexer(Source source) {
    this.source = source;
    this.text = source.text;
  }

  Token next() {
    while (ready.isEmpty()) {
      if (tag.isEmpty()) {
        if (at >= text.length()) {
          return new Token("eof", "", text.length());
        }
        root();
      } else {
        inTag();
      }
    }
    return ready.poll();
  }

  private boolean looking(String what, int from) {
    return text.startsWith(what, from);
  }

  private void root() {
    int start = at;
    int begin = begin(at);
    if (begin < 0) {
      data(start, text.substring(start));
      at = text.length();
      return;
    }
    char kind = text.charAt(begin + 1);
    int behind = begin + 2;
    char sign = behind < text.length() ? text.charAt(behind) : 0;
    boolean signed = sign == '-' || sign == '+';
    int raw = kind == '%' ? raw(signed ? behind + 1 : behind) : -1;
    data(start, stripped(text.substring(start, begin), signed ? sign : 0, kind == '{'));
    if (signed) {
      behind++;
    }
    lineStarting = false;
    if (raw >= 0) {
      rawBlock(begin, raw);
    } else if (kind == '#') {
      comment(begin, behind);
    } else {
      tag = kind == '{' ? "}}" : "%}";
      ready.add(
          new Token(
              kind == '{' ? "variable_begin" : "block_begin",
              text.substring(begin, begin + 2),
              begin));
      at = behind;
    }
  }

  private int begin(int from) {
    for (int i = text.indexOf('{', from);
        i >= 0 && i + 1 < text.length();
        i = text.indexOf('{', i + 1)) {
      char c = text.charAt(i + 1);
      if (c == '{' || c == '%' || c == '#') {
        return i;
      }
    }
    return -1;
  }

  private void data(int position, String data) {
    if (!data.isEmpty()) {
      ready.add(new Token("data", data, position));
    }
  }

  // The text before a tag, whose sign may take its white space.
  private String stripped(String data, char sign, boolean variable) {
    if (sign == '-') {
      return Str.strip(data, null, false, true);
    }
    if (sign == '+' || variable) {
      return data;
    }
    int line = data.lastIndexOf('\n') + 1;
    if (line > 0 || lineStarting) {
      for (int i = line; i < data.length(); i++) {
        if (!CharKinds.space(data.charAt(i))) {
          return data;
        }
      }
      return data.substring(0, line);
    }
    return data;
  }

  private int spaces(int from) {
    int i = from;
    while (i < text.length() && CharKinds.space(text.charAt(i))) {
      i++;
    }
    return i;
  }

  /** The place behind the tag {@code raw}, if one goes on at {@code from}; else -1. */
  private int raw(int from) {
    int i = spaces(from);
    if (!looking("raw", i)) {
      return -1;
    }
    i = spaces(i + 3);
    return looking("-%}", i) ? spaces(i + 3) : looking("%}", i) ? i + 2 : -1;
  }

  private void rawBlock(int begin, int from) {
    for (int i = text.indexOf("{%", from); i >= 0; i = text.indexOf("{%", i + 1)) {
      char sign = i + 2 < text.length() ? text.charAt(i + 2) : 0;
      boolean signed = sign == '-' || sign == '+';
      int word = spaces(signed ? i + 3 : i + 2);
      if (!looking("endraw", word)) {
        continue;
      }
      int end = end("%}", spaces(word + 6));
      if (end >= 0) {
        data(from, stripped(text.substring(from, i), signed ? sign : 0, false));
        at = end;
        lineStarting = text.charAt(end - 1) == '\n';
        return;
      }
    }
    throw source.error("Missing end of raw directive", from);
  }

  private void comment(int begin, int from) {
    for (int i = text.indexOf("#}", from); i >= 0; i = text.indexOf("#}", i + 1)) {
      boolean minus = i > from && text.charAt(i - 1) == '-';
      boolean plus = i > from && text.charAt(i - 1) == '+';
      at = i + 2;
      if (minus) {
        at = spaces(at);
      } else if (!plus && looking("\n", at)) {
        at++;
      }
      lineStarting = text.charAt(at - 1) == '\n';
      return;
    }
    throw source.error("Missing end of comment tag", from);
  }

  /**
   * The place behind a tag's end that begins at {@code from}, with what it takes; -1 if there is
   * none.
   */
  private int end(String end, int from) {
    if (looking("-" + end, from)) {
      return spaces(from + 3);
    }
    boolean block = end.equals("%}");
    if (block && looking("+%}", from)) {
      return from + 3;
    }
    if (!looking(end, from)) {
      return -1;
    }
    return block && looking("\n", from + 2) ? from + 3 : from + 2;
  }

  private void inTag() {
    if (open.isEmpty()) {
      int end = end(tag, at);
      if (end >= 0) {
        ready.add(new Token(tag.equals("}}") ? "variable_end" : "block_end", tag, at));
        tag = "";
        at = end;
        lineStarting = text.charAt(end - 1) == '\n';
        return;
      }
    }
    if (at >= text.length()) {
      tag = "";
      return;
    }
    int spaces = spaces(at);
    if (spaces > at) {
      at = spaces;
      return;
    }
    char c = text.charAt(at);
    Literals.Read number = c >= '0' && c <= '9' ? Literals.number(text, at, source) : null;
    if (number != null) {
      add(number);
    } else if (wordPart(text.codePointAt(at))) {
      name();
    } else if (c == '"' || c == '\'') {
      add(Literals.string(text, at, source));
    } else {
      operator(c);
    }
  }

  private void add(Literals.Read read) {
    ready.add(new Token(read.type(), read.value(), at));
    at = read.end();
  }

  private static boolean wordPart(int c) {
    return c == '_'
        || (c < 128
            ? Character.isLetterOrDigit(c)
            : Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c));
  }

  private void name() {
    int end = at;
    while (end < text.length() && wordPart(text.codePointAt(end))) {
      end += Character.charCount(text.codePointAt(end));
    }
    String name = text.substring(at, end);
    if (!TextKinds.isIdentifier(name)) {
      throw source.error("Invalid character in identifier", at);
    }
    ready.add(new Token("name", name, at));
    at = end;
  }

  private void operator(char c) {
    String two = at + 1 < text.length() ? text.substring(at, at + 2) : "";
    String operator = Token.OPERATORS.containsKey(two) ? two : String.valueOf(c);
    String type = Token.OPERATORS.get(operator);
    if (type == null) {
      int point = text.codePointAt(at);
      throw source.error(
          "unexpected char "
              + Repr.quote(Character.toString(point))
              + " at "
              + text.codePointCount(0, at),
          at);
    }
    switch (c) {
      case '{' -> open.push("}");
      case '(' -> open.push(")");
      case '[' -> open.push("]");
      case '}', ')', ']' -> {
        if (open.isEmpty()) {
          throw source.error("unexpected '" + c + "'", at);
        }
        String expected = open.pop();
        if (expected.charAt(0) != c) {
          throw source.error("unexpected '" + c + "', expected '" + expected + "'", at);
        }
      }
      default -> {}
    }
    ready.add(new Token(type, operator, at));
    at += operator.length();
  }
}
