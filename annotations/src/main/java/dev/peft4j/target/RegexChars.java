package dev.peft4j.target;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A set of characters, such as {@code [a-z_]}, {@code \d} or a letter; by Python's categories. */
final class RegexChars {
  static final RegexChars ANY = new RegexChars(new int[0], List.of(), true, false, false);
  static final RegexChars NOT_NEWLINE =
      new RegexChars(new int[] {'\n', '\n'}, List.of(), true, false, false);

  /**
   * A category that an escape stands for.
   *
   * @param name {@code d}, {@code s} or {@code w}; a capital letter is its complement
   */
  record Category(char name, boolean ascii) {
    boolean holds(int c) {
      boolean in = (!ascii || c < 128) && in(c);
      return Character.isUpperCase(name) != in;
    }

    private boolean in(int c) {
      switch (Character.toLowerCase(name)) {
        case 'd':
          return Character.isDigit(c);
        case 's':
          return isSpace(c);
        default:
          return isWord(c);
      }
    }
  }

  /** First and last of each range, sorted and apart. */
  private final int[] ranges;

  private final List<Category> categories;
  private final boolean negated;
  private final boolean ignoreCase;
  private final boolean ascii;

  private RegexChars(
      int[] ranges, List<Category> categories, boolean negated, boolean ignoreCase, boolean ascii) {
    this.ranges = ranges;
    this.categories = List.copyOf(categories);
    this.negated = negated;
    this.ignoreCase = ignoreCase;
    this.ascii = ascii;
  }

  static RegexChars of(int c, boolean ignoreCase, boolean ascii) {
    return new RegexChars(new int[] {c, c}, List.of(), false, ignoreCase, ascii);
  }

  /** Of ranges in any order, each as its first and last character. */
  static RegexChars of(
      List<int[]> ranges,
      List<Category> categories,
      boolean negated,
      boolean ignoreCase,
      boolean ascii) {
    List<int[]> sorted = new ArrayList<>(ranges);
    sorted.sort((a, b) -> Integer.compare(a[0], b[0]));
    int[] flat = new int[2 * sorted.size()];
    int n = 0;
    for (int[] r : sorted) {
      if (n > 0 && r[0] <= flat[n - 1]) {
        flat[n - 1] = Math.max(flat[n - 1], r[1]);
      } else {
        flat[n++] = r[0];
        flat[n++] = r[1];
      }
    }
    return new RegexChars(Arrays.copyOf(flat, n), categories, negated, ignoreCase, ascii);
  }

  /** The one character that it is; -1 if it is a set. */
  int literal() {
    boolean one = ranges.length == 2 && ranges[0] == ranges[1];
    return one && categories.isEmpty() && !negated && !ignoreCase ? ranges[0] : -1;
  }

  /** Whether it is Python's dot, with or without newlines. */
  boolean isAny() {
    return this == ANY || this == NOT_NEWLINE;
  }

  boolean holds(int c) {
    boolean in = in(c);
    if (!in && ignoreCase && (!ascii || c < 128)) {
      int upper = Character.toUpperCase(c);
      int lower = Character.toLowerCase(upper);
      in = in(upper) || in(lower) || in(Character.toLowerCase(c)) || !ascii && inByFold(lower);
    }
    return in != negated;
  }

  /** The few letters that differ from a plain one by more than their case. */
  private boolean inByFold(int lower) {
    switch (lower) {
      case 's':
        return in('\u017f');
      case 'k':
        return in('\u212a');
      case '\u00e5':
        return in('\u212b');
      case '\u03bc':
        return in('\u00b5');
      default:
        return false;
    }
  }

  private boolean in(int c) {
    int low = 0;
    int high = ranges.length / 2 - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      if (c < ranges[2 * middle]) {
        high = middle - 1;
      } else if (c > ranges[2 * middle + 1]) {
        low = middle + 1;
      } else {
        return true;
      }
    }
    for (Category category : categories) {
      if (category.holds(c)) {
        return true;
      }
    }
    return false;
  }

  static boolean sameLetter(int a, int b) {
    return a == b
        || Character.toLowerCase(Character.toUpperCase(a))
            == Character.toLowerCase(Character.toUpperCase(b));
  }

  /** Python's {@code isalnum}, and the underscore. */
  static boolean isWord(int c) {
    if (c < 128) {
      return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_';
    }
    int type = Character.getType(c);
    return Character.isLetter(c)
        || type == Character.DECIMAL_DIGIT_NUMBER
        || type == Character.LETTER_NUMBER
        || type == Character.OTHER_NUMBER;
  }

  /** Python's {@code isspace}. */
  private static boolean isSpace(int c) {
    return c >= 9 && c <= 13
        || c >= 0x1c && c <= 0x20
        || c == 0x85
        || Character.getType(c) == Character.SPACE_SEPARATOR
        || c == 0x2028
        || c == 0x2029;
  }
}
