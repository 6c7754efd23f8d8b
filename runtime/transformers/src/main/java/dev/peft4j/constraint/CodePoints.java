package dev.peft4j.constraint;

import java.util.Arrays;
import java.util.function.IntPredicate;

/** A set of Unicode code points as sorted ranges. Surrogates are never in it: UTF-8 has none. */
final class CodePoints {
  static final int MAX = 0x10FFFF;
  static final CodePoints NONE = new CodePoints(new int[0]);
  static final CodePoints ALL = new CodePoints(new int[] {0, 0xD7FF, 0xE000, MAX});

  /** First and last code point of each range, both included. */
  private final int[] ranges;

  private CodePoints(int[] ranges) {
    this.ranges = ranges;
  }

  static CodePoints of(int codePoint) {
    return range(codePoint, codePoint);
  }

  static CodePoints range(int first, int last) {
    return first > last ? NONE : new CodePoints(new int[] {first, last}).and(ALL);
  }

  /** Returns the code points of a text. */
  static CodePoints anyOf(String text) {
    return matching(text.codePoints().sorted().distinct().toArray());
  }

  private static CodePoints matching(int[] sorted) {
    CodePoints all = NONE;
    for (int c : sorted) {
      all = all.or(of(c));
    }
    return all;
  }

  /** Returns all code points with a property; looks at each of the million. */
  static CodePoints where(IntPredicate property) {
    int[] out = new int[16];
    int n = 0;
    int start = -1;
    for (int c = 0; c <= MAX + 1; c++) {
      boolean in = c <= MAX && (c < 0xD800 || c > 0xDFFF) && property.test(c);
      if (in && start < 0) {
        start = c;
      } else if (!in && start >= 0) {
        if (n == out.length) {
          out = Arrays.copyOf(out, n * 2);
        }
        out[n++] = start;
        out[n++] = c - 1;
        start = -1;
      }
    }
    return new CodePoints(Arrays.copyOf(out, n));
  }

  boolean isEmpty() {
    return ranges.length == 0;
  }

  int rangeCount() {
    return ranges.length / 2;
  }

  int first(int range) {
    return ranges[2 * range];
  }

  int last(int range) {
    return ranges[2 * range + 1];
  }

  boolean contains(int codePoint) {
    for (int i = 0; i < ranges.length; i += 2) {
      if (codePoint >= ranges[i] && codePoint <= ranges[i + 1]) {
        return true;
      }
    }
    return false;
  }

  CodePoints or(CodePoints other) {
    int[] all = new int[ranges.length + other.ranges.length];
    int n = 0;
    int i = 0;
    int j = 0;
    while (i < ranges.length || j < other.ranges.length) {
      boolean mine = j >= other.ranges.length || i < ranges.length && ranges[i] <= other.ranges[j];
      int first = mine ? ranges[i] : other.ranges[j];
      int last = mine ? ranges[i + 1] : other.ranges[j + 1];
      i += mine ? 2 : 0;
      j += mine ? 0 : 2;
      if (n > 0 && first <= all[n - 1] + 1) {
        all[n - 1] = Math.max(all[n - 1], last);
      } else {
        all[n++] = first;
        all[n++] = last;
      }
    }
    return new CodePoints(Arrays.copyOf(all, n));
  }

  CodePoints and(CodePoints other) {
    int[] out = new int[ranges.length + other.ranges.length + 2];
    int n = 0;
    int i = 0;
    int j = 0;
    while (i < ranges.length && j < other.ranges.length) {
      int first = Math.max(ranges[i], other.ranges[j]);
      int last = Math.min(ranges[i + 1], other.ranges[j + 1]);
      if (first <= last) {
        out[n++] = first;
        out[n++] = last;
      }
      if (ranges[i + 1] < other.ranges[j + 1]) {
        i += 2;
      } else {
        j += 2;
      }
    }
    return new CodePoints(Arrays.copyOf(out, n));
  }

  CodePoints not() {
    CodePoints out = NONE;
    int from = 0;
    for (int i = 0; i < ranges.length; i += 2) {
      out = out.or(range(from, ranges[i] - 1));
      from = ranges[i + 1] + 1;
    }
    return out.or(range(from, MAX)).and(ALL);
  }

  /** Returns these and what they are in upper and lower case. */
  CodePoints bothCases() {
    if (equals(ALL)) {
      return this;
    }
    return where(
        c ->
            contains(c)
                || contains(Character.toLowerCase(c))
                || contains(Character.toUpperCase(c))
                || contains(Character.toLowerCase(Character.toUpperCase(c))));
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof CodePoints c && Arrays.equals(ranges, c.ranges);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(ranges);
  }

  @Override
  public String toString() {
    StringBuilder s = new StringBuilder("[");
    for (int i = 0; i < ranges.length; i += 2) {
      s.append(String.format(i == 0 ? "%X-%X" : " %X-%X", ranges[i], ranges[i + 1]));
    }
    return s.append(']').toString();
  }
}
