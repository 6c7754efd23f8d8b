package dev.peft4j.io;

import java.text.Normalizer;

/** Blank characters of all kinds: those that leave no visible trace at the end of a word. */
public final class Blanks {
  private static final int HANGUL_FILLER = 0x3164;
  private static final int BRAILLE_BLANK = 0x2800;

  private Blanks() {}

  /** Returns whether a character is white space, a control character or not drawn. */
  public static boolean isBlank(int c) {
    return Character.isWhitespace(c)
        || Character.isSpaceChar(c)
        || Character.isISOControl(c)
        || Character.getType(c) == Character.FORMAT && c <= 0xffff // above are the tags of flags
        || c == HANGUL_FILLER
        || c == BRAILLE_BLANK;
  }

  /** Returns the text without blanks at its ends, with accents composed (Unicode's form C). */
  public static String strip(String raw) {
    if (isPlain(raw)) {
      return raw;
    }
    int from = 0;
    int to = raw.length();
    while (from < to && isBlank(raw.codePointAt(from))) {
      from += Character.charCount(raw.codePointAt(from));
    }
    while (from < to && isBlank(raw.codePointBefore(to))) {
      to -= Character.charCount(raw.codePointBefore(to));
    }
    return Normalizer.normalize(raw.substring(from, to), Normalizer.Form.NFC);
  }

  /**
   * Returns whether a text is plain, as most names are: visible ASCII at both ends, ASCII between.
   */
  private static boolean isPlain(String raw) {
    for (int i = 0; i < raw.length(); i++) {
      char c = raw.charAt(i);
      boolean end = i == 0 || i == raw.length() - 1;
      if (c > '~' || c < ' ' || end && c == ' ') {
        return false;
      }
    }
    return true;
  }
}
