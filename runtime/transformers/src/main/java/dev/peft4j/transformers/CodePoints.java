package dev.peft4j.transformers;

/** The chars of a text at which its code points begin, asked for in ascending order mostly. */
final class CodePoints {
  private final String text;
  private final boolean plain;
  private int point;
  private int at;

  CodePoints(String text) {
    this.text = text;
    this.plain = text.chars().noneMatch(c -> Character.isSurrogate((char) c));
  }

  /**
   * Returns the char at which the code point {@code n} begins; the text's length after the last.
   */
  int index(int n) {
    if (plain) {
      return n;
    }
    at = text.offsetByCodePoints(at, n - point);
    point = n;
    return at;
  }
}
