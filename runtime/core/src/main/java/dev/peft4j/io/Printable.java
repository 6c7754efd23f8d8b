package dev.peft4j.io;

/**
 * Text from files, data or arguments in a form that is safe to print. Characters that a terminal
 * acts on, that end a line or a column, that change the direction of what follows or that cannot be
 * seen are written as escapes: {@code \n}, {@code \t}, {@code \u001b}.
 */
public final class Printable {
  private Printable() {}

  /**
   * Returns {@code text} with such characters escaped. Backslashes are not doubled: this is for
   * people, not for reading it back.
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
   * Returns true for a code point that must not reach a terminal as it is: controls, marks that set
   * the direction of text, line separators, characters without width, surrogates without their pair
   * and code points that stand for no character.
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

  /** Returns true for Arabic's and others' signs of numbers, which are drawn. */
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
