package dev.peft4j.constraint;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Reads regular expressions as {@link Pattern} writes them. What a finite automaton cannot do, such
 * as references to groups, is refused.
 */
final class RegexReader {
  private static final CodePoints DIGIT = CodePoints.range('0', '9');
  private static final CodePoints WORD =
      DIGIT.or(CodePoints.range('a', 'z')).or(CodePoints.range('A', 'Z')).or(CodePoints.of('_'));
  private static final CodePoints SPACE = CodePoints.anyOf(" \t\n\u000B\f\r");
  private static final CodePoints LINE_END = CodePoints.anyOf("\n\r\u0085\u2028\u2029");
  private static final String SPECIAL = "\\^$.|?*+()[]{}/-,:;=!<>&~#%@_\"'` ";
  private static final int MAX_DEPTH = 200;
  private static final int MAX_COUNT = 10_000;

  private final String pattern;
  private final String where;
  private final boolean java;
  private int at;
  private int depth;
  private boolean anyCase;
  private boolean dotAll;

  private RegexReader(String pattern, String where, boolean java) {
    this.pattern = pattern;
    this.where = where;
    this.java = java;
  }

  /**
   * Reads an expression.
   *
   * @param where the name of the expression in messages
   * @param java whether sets may hold sets and {@code &&}, as in Java; JavaScript's have no such
   * @throws ConstraintException if it is not valid, or no finite automaton can do it
   */
  static Regex read(String pattern, String where, boolean java) {
    RegexReader reader = new RegexReader(pattern, where, java);
    if (pattern.startsWith("(?")) {
      reader.flags();
    }
    Regex regex = reader.choice();
    if (reader.at < pattern.length()) {
      throw reader.wrong("has ) without (");
    }
    return regex;
  }

  private ConstraintException wrong(String problem) {
    return new ConstraintException(where + ", character " + at + " of '" + pattern + "',", problem);
  }

  private void flags() {
    int close = pattern.indexOf(')');
    String flags = close < 0 ? "" : pattern.substring(2, close);
    if (!flags.isEmpty() && flags.chars().allMatch(c -> c == 'i' || c == 's' || c == 'u')) {
      anyCase = flags.contains("i");
      dotAll = flags.contains("s");
      at = close + 1;
    }
  }

  private boolean more() {
    return at < pattern.length();
  }

  private boolean take(char c) {
    if (more() && pattern.charAt(at) == c) {
      at++;
      return true;
    }
    return false;
  }

  private Regex choice() {
    if (++depth > MAX_DEPTH) {
      throw wrong("has more than " + MAX_DEPTH + " groups in one another");
    }
    List<Regex> all = new ArrayList<>();
    do {
      all.add(sequence());
    } while (take('|'));
    depth--;
    return all.size() == 1 ? all.getFirst() : new Regex.Choice(List.copyOf(all));
  }

  private Regex sequence() {
    List<Regex> all = new ArrayList<>();
    while (more() && pattern.charAt(at) != '|' && pattern.charAt(at) != ')') {
      all.add(repeated(atom()));
    }
    return all.size() == 1 ? all.getFirst() : new Regex.Sequence(List.copyOf(all));
  }

  private Regex repeated(Regex part) {
    Regex out = part;
    while (more()) {
      int min;
      int max;
      if (take('*')) {
        min = 0;
        max = -1;
      } else if (take('+')) {
        min = 1;
        max = -1;
      } else if (take('?')) {
        min = 0;
        max = 1;
      } else if (pattern.charAt(at) == '{') {
        int close = pattern.indexOf('}', at);
        String inner = close < 0 ? "" : pattern.substring(at + 1, close);
        if (!inner.matches("\\d{1,9}(,\\d{0,9})?")) {
          throw wrong("has { without a number of times; write \\{ for the character");
        }
        int comma = inner.indexOf(',');
        min = Integer.parseInt(comma < 0 ? inner : inner.substring(0, comma));
        max =
            comma < 0
                ? min
                : comma == inner.length() - 1 ? -1 : Integer.parseInt(inner.substring(comma + 1));
        if (max >= 0 && max < min || Math.max(min, max) > MAX_COUNT) {
          throw wrong("repeats {" + inner + "}, expected ascending numbers up to " + MAX_COUNT);
        }
        at = close + 1;
      } else {
        return out;
      }
      out = new Regex.Repeat(out, min, max);
      if (more() && pattern.charAt(at) == '+') {
        throw wrong("has a possessive repetition, which a finite automaton cannot do");
      }
      take('?'); // reluctant: the same texts
    }
    return out;
  }

  private Regex atom() {
    int c = pattern.codePointAt(at);
    at += Character.charCount(c);
    return switch (c) {
      case '(' -> group();
      case '[' -> chars(set());
      case '.' -> chars(dotAll ? CodePoints.ALL : LINE_END.not());
      case '^' -> new Regex.Start();
      case '$' -> new Regex.End();
      case '\\' -> escaped();
      case '*', '+', '?' -> {
        at--;
        throw wrong("repeats nothing");
      }
      case '{' -> {
        at--;
        throw wrong("repeats nothing; write \\{ for the character");
      }
      default -> chars(CodePoints.of(c));
    };
  }

  private Regex chars(CodePoints set) {
    return new Regex.Chars(anyCase ? set.bothCases() : set);
  }

  private Regex group() {
    if (take('?')) {
      if (!take(':')) {
        int close = pattern.indexOf('>', at);
        boolean named =
            pattern.startsWith("<", at)
                && close > 0
                && pattern.substring(at + 1, close).matches("[a-zA-Z][a-zA-Z0-9_]*");
        if (!named) {
          throw wrong(
              "has a group (?"
                  + pattern.substring(at, Math.min(pattern.length(), at + 2))
                  + ", which a finite automaton cannot do; (?:...) and (?<name>...) are groups,"
                  + " and (?i) and (?s) may stand at the beginning");
        }
        at = close + 1;
      }
    }
    Regex inner = choice();
    if (!take(')')) {
      throw wrong("has ( without )");
    }
    return inner;
  }

  private Regex escaped() {
    if (!more()) {
      throw wrong("ends with \\");
    }
    switch (pattern.charAt(at)) {
      case 'A' -> {
        at++;
        return new Regex.Start();
      }
      case 'z', 'Z' -> {
        at++;
        return new Regex.End();
      }
      case 'Q' -> {
        int end = pattern.indexOf("\\E", at);
        String literal = pattern.substring(at + 1, end < 0 ? pattern.length() : end);
        at = end < 0 ? pattern.length() : end + 2;
        return Regex.text(literal);
      }
      default -> {
        return chars(escapedChars());
      }
    }
  }

  /** Reads what follows a backslash. */
  private CodePoints escapedChars() {
    int c = pattern.codePointAt(at);
    at += Character.charCount(c);
    return switch (c) {
      case 'd' -> DIGIT;
      case 'D' -> DIGIT.not();
      case 'w' -> WORD;
      case 'W' -> WORD.not();
      case 's' -> SPACE;
      case 'S' -> SPACE.not();
      case 'h' ->
          CodePoints.anyOf(" \t\u00A0\u1680\u180E\u202F\u205F\u3000")
              .or(CodePoints.range(0x2000, 0x200A));
      case 'R' -> LINE_END;
      case 't' -> CodePoints.of('\t');
      case 'n' -> CodePoints.of('\n');
      case 'r' -> CodePoints.of('\r');
      case 'f' -> CodePoints.of('\f');
      case 'v' -> CodePoints.of(0x0B);
      case 'e' -> CodePoints.of(0x1B);
      case 'a' -> CodePoints.of(7);
      case '0' -> CodePoints.of(0);
      case 'x' -> CodePoints.of(take('{') ? braced() : hex(2));
      case 'u' -> CodePoints.of(take('{') ? braced() : unit());
      case 'p', 'P' -> property(c == 'P');
      default -> {
        if (SPECIAL.indexOf(c) < 0 && c < 128) {
          at--;
          throw wrong(
              "has \\" + (char) c + ", which is not known here, or no finite automaton can do it");
        }
        yield CodePoints.of(c);
      }
    };
  }

  private int unit() {
    int high = hex(4);
    if (Character.isHighSurrogate((char) high) && pattern.startsWith("\\u", at)) {
      at += 2;
      return Character.toCodePoint((char) high, (char) hex(4));
    }
    return high;
  }

  private int hex(int digits) {
    String text = pattern.substring(at, Math.min(pattern.length(), at + digits));
    if (!text.matches("[0-9a-fA-F]{" + digits + "}")) {
      throw wrong("has an escape without its " + digits + " hexadecimal digits");
    }
    at += digits;
    return Integer.parseInt(text, 16);
  }

  private int braced() {
    int close = pattern.indexOf('}', at);
    String text = close < 0 ? "" : pattern.substring(at, close);
    if (!text.matches("[0-9a-fA-F]{1,6}") || Integer.parseInt(text, 16) > CodePoints.MAX) {
      throw wrong("has an escape that is not a code point");
    }
    at = close + 1;
    return Integer.parseInt(text, 16);
  }

  private CodePoints property(boolean negated) {
    int close = pattern.startsWith("{", at) ? pattern.indexOf('}', at) : at;
    String name = close < 0 || close >= pattern.length() ? "" : pattern.substring(at, close + 1);
    try {
      Pattern p = Pattern.compile("\\p" + name);
      at = close + 1;
      CodePoints all = CodePoints.where(c -> p.matcher(Character.toString(c)).matches());
      return negated ? all.not() : all;
    } catch (PatternSyntaxException e) {
      throw wrong("has \\p" + name + ", which is not a property of characters");
    }
  }

  /** Reads a set behind its bracket. */
  private CodePoints set() {
    if (++depth > MAX_DEPTH) {
      throw wrong("has more than " + MAX_DEPTH + " sets in one another");
    }
    boolean negated = take('^');
    CodePoints all = CodePoints.NONE;
    boolean any = false;
    while (!(any && take(']'))) {
      if (!more()) {
        throw wrong("has [ without ]");
      }
      any = true;
      if (java && pattern.startsWith("&&", at)) {
        at += 2;
        all = all.and(rest());
        break;
      }
      if (java && take('[')) {
        all = all.or(set());
        continue;
      }
      int begin = at;
      CodePoints element = element();
      boolean single = element.rangeCount() == 1 && element.first(0) == element.last(0);
      boolean range =
          single
              && at + 1 < pattern.length()
              && pattern.charAt(at) == '-'
              && pattern.charAt(at + 1) != ']'
              && (!java || pattern.charAt(at + 1) != '[');
      if (range) {
        at++;
        CodePoints end = element();
        boolean fits =
            end.rangeCount() == 1
                && end.first(0) == end.last(0)
                && end.first(0) >= element.first(0);
        if (!fits) {
          throw wrong("has a range " + pattern.substring(begin, at) + " that does not ascend");
        }
        element = CodePoints.range(element.first(0), end.first(0));
      }
      all = all.or(element);
    }
    depth--;
    CodePoints cased = anyCase ? all.bothCases() : all;
    return negated ? cased.not() : cased;
  }

  /** Reads what an intersection is with, to the end of the set. */
  private CodePoints rest() {
    if (take('[')) {
      CodePoints inner = set();
      if (!take(']')) {
        throw wrong("has && in a set, and no single set behind it");
      }
      return inner;
    }
    at--;
    throw wrong("has && without a set in brackets behind it");
  }

  private CodePoints element() {
    if (!more()) {
      throw wrong("has [ without ]");
    }
    int c = pattern.codePointAt(at);
    at += Character.charCount(c);
    if (c != '\\') {
      return CodePoints.of(c);
    }
    if (!more()) {
      throw wrong("ends with \\");
    }
    if (pattern.charAt(at) == 'b') {
      throw wrong("has \\b in a set; write \\x08 for a backspace");
    }
    return escapedChars();
  }
}
