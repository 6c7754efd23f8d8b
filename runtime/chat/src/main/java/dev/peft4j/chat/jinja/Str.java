package dev.peft4j.chat.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Python's strings: sequences of code points. */
final class Str {
  private Str() {}

  static int length(String s) {
    return s.codePointCount(0, s.length());
  }

  static boolean simple(String s) {
    return length(s) == s.length();
  }

  /** Orders by code points. */
  static int compare(String a, String b) {
    int n = Math.min(a.length(), b.length());
    for (int i = 0; i < n; i++) {
      char x = a.charAt(i);
      char y = b.charAt(i);
      if (x != y) {
        return Character.isSurrogate(x) != Character.isSurrogate(y)
            ? (Character.isSurrogate(x) ? 1 : -1)
            : Character.compare(x, y);
      }
    }
    return Integer.compare(a.length(), b.length());
  }

  static int find(String text, String part, Runtime rt) {
    return new Finder(text, part, rt).next(0);
  }

  /** The character at {@code index}, which may count from the end; null if there is none. */
  static @Nullable String at(String s, int index) {
    int n = length(s);
    int i = index < 0 ? index + n : index;
    if (i < 0 || i >= n) {
      return null;
    }
    return n == s.length()
        ? String.valueOf(s.charAt(i))
        : Character.toString(s.codePointAt(s.offsetByCodePoints(0, i)));
  }

  static String slice(String s, int from, int to, int step) {
    if (step == 1) {
      if (from >= to) {
        return "";
      }
      if (simple(s)) {
        return s.substring(from, to);
      }
      int start = s.offsetByCodePoints(0, from);
      return s.substring(start, s.offsetByCodePoints(start, to - from));
    }
    int[] points = s.codePoints().toArray();
    StringBuilder out = new StringBuilder();
    for (long i = from; step > 0 ? i < to : i > to; i += step) {
      out.appendCodePoint(points[(int) i]);
    }
    return out.toString();
  }

  static String repeat(String s, int times, Runtime rt) {
    if (times <= 0 || s.isEmpty()) {
      return "";
    }
    rt.reserve(s.length() * (long) times);
    return s.repeat(times);
  }

  /** {@code s} without {@code characters} (white space, if null) at its ends. */
  static String strip(String s, @Nullable String characters, boolean left, boolean right) {
    int from = 0;
    int to = s.length();
    while (left && from < to && strips(s.codePointAt(from), characters)) {
      from += Character.charCount(s.codePointAt(from));
    }
    while (right && to > from && strips(s.codePointBefore(to), characters)) {
      to -= Character.charCount(s.codePointBefore(to));
    }
    return s.substring(from, to);
  }

  private static boolean strips(int c, @Nullable String characters) {
    return characters == null ? CharKinds.space(c) : characters.indexOf(c) >= 0;
  }

  static String replace(String s, String old, String by, long count, Runtime rt) {
    if (count < 0) {
      count = Long.MAX_VALUE;
    }
    StringBuilder out = new StringBuilder();
    if (old.isEmpty()) {
      rt.reserve(s.length() + Math.min(count, s.length() + 1L) * by.length());
      int i = 0;
      for (long n = 0; n < count; n++) {
        out.append(by);
        if (i >= s.length()) {
          break;
        }
        int c = s.codePointAt(i);
        out.appendCodePoint(c);
        i += Character.charCount(c);
      }
      return out.append(s, Math.min(i, s.length()), s.length()).toString();
    }
    Finder finder = new Finder(s, old, rt);
    int from = 0;
    for (int at = finder.next(0); at >= 0 && count-- > 0; at = finder.next(from)) {
      rt.reserve(at - from + (long) by.length());
      out.append(s, from, at).append(by);
      from = at + old.length();
    }
    if (from == 0) {
      return s;
    }
    return rt.made(out.append(s, from, s.length()).toString());
  }

  static List<String> split(String s, @Nullable String separator, long max, Runtime rt) {
    List<String> parts = new ArrayList<>();
    if (max < 0) {
      max = Long.MAX_VALUE;
    }
    if (separator == null) {
      int i = 0;
      while (true) {
        while (i < s.length() && CharKinds.space(s.charAt(i))) {
          i++;
        }
        if (i == s.length()) {
          return parts;
        }
        int end = i;
        if (parts.size() == max) {
          part(parts, strip(s.substring(i), null, false, true), rt);
          return parts;
        }
        while (end < s.length() && !CharKinds.space(s.charAt(end))) {
          end++;
        }
        part(parts, s.substring(i, end), rt);
        i = end;
      }
    }
    if (separator.isEmpty()) {
      throw JinjaException.value("empty separator");
    }
    Finder finder = new Finder(s, separator, rt);
    int from = 0;
    for (int at = finder.next(0); at >= 0 && parts.size() < max; at = finder.next(from)) {
      part(parts, s.substring(from, at), rt);
      from = at + separator.length();
    }
    part(parts, s.substring(from), rt);
    return parts;
  }

  static List<String> splitFromRight(String s, @Nullable String separator, long max, Runtime rt) {
    if (max < 0) {
      return split(s, separator, max, rt);
    }
    List<String> parts = new ArrayList<>();
    if (separator == null) {
      int end = s.length();
      while (true) {
        while (end > 0 && CharKinds.space(s.charAt(end - 1))) {
          end--;
        }
        if (end == 0) {
          return parts.reversed();
        }
        if (parts.size() == max) {
          part(parts, strip(s.substring(0, end), null, true, false), rt);
          return parts.reversed();
        }
        int from = end;
        while (from > 0 && !CharKinds.space(s.charAt(from - 1))) {
          from--;
        }
        part(parts, s.substring(from, end), rt);
        end = from;
      }
    }
    if (separator.isEmpty()) {
      throw JinjaException.value("empty separator");
    }
    int end = s.length();
    // Backwards: the same search in the reversed text.
    Finder finder = new Finder(reverse(s), reverse(separator), rt);
    for (int at = finder.next(0);
        at >= 0 && parts.size() < max;
        at = finder.next(s.length() - end)) {
      int start = s.length() - at;
      part(parts, s.substring(start, end), rt);
      end = start - separator.length();
    }
    part(parts, s.substring(0, end), rt);
    return parts.reversed();
  }

  // By char, so that places can be computed; the result is only searched.
  static String reverse(String s) {
    char[] c = new char[s.length()];
    for (int i = 0; i < c.length; i++) {
      c[i] = s.charAt(c.length - 1 - i);
    }
    return new String(c);
  }

  private static void part(List<String> parts, String part, Runtime rt) {
    rt.reserveEntries(1);
    parts.add(rt.made(part));
  }

  static List<String> lines(String s, boolean keepEnds, Runtime rt) {
    List<String> lines = new ArrayList<>();
    int from = 0;
    for (int i = 0; i < s.length(); i++) {
      if (CharKinds.lineEnd(s.charAt(i))) {
        int end = i;
        if (s.charAt(i) == '\r' && i + 1 < s.length() && s.charAt(i + 1) == '\n') {
          i++;
        }
        part(lines, s.substring(from, keepEnds ? i + 1 : end), rt);
        from = i + 1;
      }
    }
    if (from < s.length()) {
      part(lines, s.substring(from), rt);
    }
    return lines;
  }

  static String upper(String s) {
    return s.toUpperCase(Locale.ROOT);
  }

  static String lower(String s) {
    return s.toLowerCase(Locale.ROOT);
  }

  static String capitalize(String s) {
    if (s.isEmpty()) {
      return s;
    }
    int n = Character.charCount(s.codePointAt(0));
    return titleCase(s.codePointAt(0)) + tailLower(s, n);
  }

  // Lowered in its context, so that a sigma at the end of a word is one.
  private static String tailLower(String s, int from) {
    String head = s.substring(0, from);
    String lowered = lower(s);
    String loweredHead = lower(head);
    return lowered.startsWith(loweredHead)
        ? lowered.substring(loweredHead.length())
        : lower(s.substring(from));
  }

  static String title(String s) {
    StringBuilder out = new StringBuilder(s.length());
    boolean inWord = false;
    String lowered = lower(s);
    boolean sameLength = lowered.length() == s.length();
    int c;
    for (int i = 0; i < s.length(); i += Character.charCount(c)) {
      c = s.codePointAt(i);
      if (!inWord) {
        out.append(titleCase(c));
      } else if (sameLength) {
        out.append(lowered, i, i + Character.charCount(c));
      } else {
        out.append(lower(Character.toString(c)));
      }
      inWord = CharKinds.cased(c);
    }
    return out.toString();
  }

  /** The title case of a character, which for some is more than one. */
  static String titleCase(int c) {
    int simple = Character.toTitleCase(c);
    String upper = upper(Character.toString(c));
    if (simple != c || length(upper) == 1) {
      return Character.toString(simple);
    }
    int n = Character.charCount(upper.codePointAt(0));
    return CharKinds.cased(upper.codePointAt(0))
        ? upper.substring(0, n) + lower(upper.substring(n))
        : upper;
  }

  static String swapCase(String s) {
    StringBuilder out = new StringBuilder(s.length());
    String lowered = lower(s);
    boolean sameLength = lowered.length() == s.length();
    int c;
    for (int i = 0; i < s.length(); i += Character.charCount(c)) {
      c = s.codePointAt(i);
      String one = Character.toString(c);
      String low = sameLength ? lowered.substring(i, i + one.length()) : lower(one);
      out.append(Character.isUpperCase(c) ? low : Character.isLowerCase(c) ? upper(one) : one);
    }
    return out.toString();
  }

  static String caseFold(String s) {
    StringBuilder out = new StringBuilder(s.length());
    s.codePoints()
        .forEach(c -> out.append(lower(upper(Character.toString(c)).replace('\u03a3', '\u03c3'))));
    return out.toString();
  }

  /**
   * {@code s} in a field of {@code width} characters: before it the share that {@code left} says.
   */
  static String pad(String s, int width, String fill, Align align, Runtime rt) {
    int missing = width - length(s);
    if (missing <= 0) {
      return s;
    }
    rt.reserve(missing * (long) fill.length() + s.length());
    int before =
        switch (align) {
          case LEFT -> 0;
          case RIGHT -> missing;
          // As Python's str.center has it.
          case CENTER -> missing / 2 + (missing & width & 1);
          // As its format() has it.
          case MIDDLE -> missing / 2;
        };
    return fill.repeat(before) + s + fill.repeat(missing - before);
  }

  enum Align {
    LEFT,
    RIGHT,
    CENTER,
    MIDDLE
  }
}
