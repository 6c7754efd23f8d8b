package dev.peft4j.io;

import java.util.Comparator;

/** Comparison and checks of Java's strings so that they agree with Python's and Rust's. */
final class Utf16 {
  /**
   * By code point, which is also the order of the UTF-8 bytes; String.compareTo differs past
   * U+FFFF.
   */
  static final Comparator<String> BY_CODE_POINT = Utf16::compare;

  private Utf16() {}

  /** Returns whether every surrogate of {@code s} belongs to a pair. */
  static boolean isWellFormed(String s) {
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      if (Character.isSurrogate(c)) {
        boolean pair =
            Character.isHighSurrogate(c)
                && i + 1 < s.length()
                && Character.isLowSurrogate(s.charAt(i + 1));
        if (!pair) {
          return false;
        }
        i++;
      }
    }
    return true;
  }

  private static int compare(String a, String b) {
    int n = Math.min(a.length(), b.length());
    for (int i = 0; i < n; i++) {
      char x = a.charAt(i);
      char y = b.charAt(i);
      if (x != y) {
        // At the first difference a surrogate stands for a code point above every other char.
        boolean sx = Character.isSurrogate(x);
        boolean sy = Character.isSurrogate(y);
        return sx == sy ? Character.compare(x, y) : sx ? 1 : -1;
      }
    }
    return Integer.compare(a.length(), b.length());
  }
}
