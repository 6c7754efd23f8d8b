package dev.peft4j.target;

import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/** The characters of a regular expression, one after the other. */
final class RegexReader {
  /** A longer expression is shown in part. */
  private static final int SHOWN = 300;

  /** As Python has it. */
  private static final long MAX_REPEAT = 4_294_967_295L;

  private final String regex;
  private final int[] points;
  private int at;

  RegexReader(String regex) {
    this.regex = regex;
    this.points = regex.codePoints().toArray();
  }

  boolean more() {
    return at < points.length;
  }

  int at() {
    return at;
  }

  void back(int to) {
    at = to;
  }

  int peek() {
    return points[at];
  }

  int next() {
    return points[at++];
  }

  /** The next character; an error with that text if there is none. */
  int needed(String orElse) {
    if (!more()) {
      throw error(orElse, at);
    }
    return next();
  }

  boolean take(int c) {
    boolean there = more() && peek() == c;
    at += there ? 1 : 0;
    return there;
  }

  /** What stands up to a character, which is passed. */
  String until(int end) {
    int from = at;
    while (more() && peek() != end) {
      at++;
    }
    String text = new String(points, from, at - from);
    if (text.isEmpty()) {
      throw error("missing group name", from);
    }
    if (!take(end)) {
      throw error("missing " + Character.toString(end) + ", unterminated name", from);
    }
    return text;
  }

  /** The name of a group. */
  String name(int end) {
    int from = at;
    String name = until(end);
    if (!isName(name)) {
      throw error("bad character in group name '" + name + "'", from);
    }
    return name;
  }

  /** Whether Python takes it for an identifier. */
  static boolean isName(String text) {
    int first = text.codePointAt(0);
    return (first == '_' || Character.isUnicodeIdentifierStart(first))
        && text.codePoints()
            .allMatch(
                c -> Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c));
  }

  /** A number in ASCII; -1 if it is none, or too large. */
  static int number(String text) {
    boolean digits = text.length() < 10 && text.chars().allMatch(c -> c >= '0' && c <= '9');
    return digits ? Integer.parseInt(text) : -1;
  }

  /**
   * What stands in braces after an item: the least and the most; null, with nothing passed, if it
   * is no such thing.
   */
  int @Nullable [] counts(int open) {
    int from = at;
    if (more() && peek() == '}') {
      return null;
    }
    String low = digits();
    String high = take(',') ? digits() : low;
    if (!take('}')) {
      at = from;
      return null;
    }
    int min = low.isEmpty() ? 0 : count(low, open);
    int max = high.isEmpty() ? RegexNode.UNBOUNDED : count(high, open);
    if (max < min) {
      throw error("min repeat greater than max repeat", open);
    }
    return new int[] {min, max};
  }

  private String digits() {
    int from = at;
    while (more() && peek() >= '0' && peek() <= '9') {
      at++;
    }
    return new String(points, from, at - from);
  }

  private int count(String digits, int open) {
    String plain = digits.replaceFirst("^0+(?=.)", "");
    long value = plain.length() > 10 ? Long.MAX_VALUE : Long.parseLong(plain);
    if (value >= MAX_REPEAT) {
      throw error("the repetition number is too large", open);
    }
    return (int) Math.min(value, RegexNode.UNBOUNDED - 1);
  }

  /** An octal number of some more digits, of which {@code value} is the beginning. */
  int octal(int most, int value) {
    int all = value;
    for (int i = 0; i < most && more() && peek() >= '0' && peek() < '8'; i++) {
      all = 8 * all + next() - '0';
    }
    return all;
  }

  /** The character that an escape stands for in and out of a class, its letter being read. */
  int escaped(int letter, int from) {
    switch (letter) {
      case 'a':
        return 7;
      case 'f':
        return '\f';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'v':
        return 11;
      case 'x':
        return hex(2, from);
      case 'u':
        return hex(4, from);
      case 'U':
        return hex(8, from);
      case 'N':
        return named(from);
      default:
        boolean ascii = letter >= 'a' && letter <= 'z' || letter >= 'A' && letter <= 'Z';
        if (ascii || letter >= '0' && letter <= '9') {
          throw error("bad escape \\" + Character.toString(letter), from);
        }
        return letter;
    }
  }

  private int hex(int digits, int from) {
    int value = 0;
    for (int i = 0; i < digits; i++) {
      int digit = more() && peek() < 128 ? Character.digit(peek(), 16) : -1;
      if (digit < 0) {
        throw error("incomplete escape " + new String(points, from, at - from), from);
      }
      value = 16 * value + digit;
      at++;
    }
    if (!Character.isValidCodePoint(value)) {
      throw error("bad escape " + new String(points, from, at - from), from);
    }
    return value;
  }

  private int named(int from) {
    if (!take('{')) {
      throw error("missing {", from);
    }
    String name = until('}');
    try {
      return Character.codePointOf(name);
    } catch (IllegalArgumentException e) {
      throw error("undefined character name '" + name + "'", from);
    }
  }

  /** An error at a character. */
  PatternSyntaxException error(String problem, int where) {
    return new PatternSyntaxException(
        problem, shortened(regex), points.length > SHOWN ? -1 : regex.offsetByCodePoints(0, where));
  }

  /** An expression as errors show it. */
  static String shortened(String regex) {
    return regex.length() <= SHOWN ? regex : regex.substring(0, SHOWN) + "...";
  }
}
