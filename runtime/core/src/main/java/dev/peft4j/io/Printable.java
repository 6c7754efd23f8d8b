package dev.peft4j.io;

/**
 * Safe printing of text from files, data or arguments. Characters that control a terminal, end a
 * line or a column, change the direction of text or are invisible are written as escapes: {@code
 * \n}, {@code \t}, {@code \u001b}.
 */
public final class Printable {
  private Printable() {}

  /**
   * Returns {@code text} with such characters escaped. Backslashes are not doubled: the result is
   * not meant to be parsed.
   */
  public static String of(String text) {
    int first = 0;
    while (first < text.length() && plain(text.charAt(first))) {
      first++;
    }
    if (first == text.length()) {
      return text;
    }
    StringBuilder out = new StringBuilder(text.length() + 16).append(text, 0, first);
    for (int i = first; i < text.length(); ) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      if (isUnsafe(c)) {
        escape(out, c);
      } else {
        out.appendCodePoint(c);
      }
    }
    return out.toString();
  }

  private static boolean plain(char c) {
    return c >= ' ' && c < 0x7f || c > 0xa0 && c < 0x0600;
  }

  /**
   * Returns whether a code point must not be printed as it is: controls, marks that set the
   * direction of text, line separators, characters without width, unpaired surrogates and
   * unassigned code points.
   */
  public static boolean isUnsafe(int c) {
    if (c >= ' ' && c < 0x7f) {
      return false;
    }
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE ->
          true;
      // joiners belong to the spelling of words and to emoji
      case Character.FORMAT -> c != 0x200c && c != 0x200d && c != 0xad && !isVisibleFormat(c);
      default -> (c & 0xfffe) == 0xfffe;
    };
  }

  /** Returns whether a format character is drawn, such as Arabic number signs. */
  private static boolean isVisibleFormat(int c) {
    return c >= 0x600 && c <= 0x605 || c == 0x6dd || c == 0x70f || c == 0x8e2 || c == 0x110bd;
  }

  private static void escape(StringBuilder out, int c) {
    switch (c) {
      case '\n' -> out.append("\\n");
      case '\r' -> out.append("\\r");
      case '\t' -> out.append("\\t");
      default -> {
        for (char unit : Character.toChars(c)) {
          out.append(String.format("\\u%04x", (int) unit));
        }
      }
    }
  }
}
