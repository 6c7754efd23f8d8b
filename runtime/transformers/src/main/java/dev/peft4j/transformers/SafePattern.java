package dev.peft4j.transformers;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A regular expression of a {@code tokenizer.json}, checked before the native library runs it. That
 * library backtracks, and ends the process after too many steps. So only patterns are accepted
 * whose time is linear for every text: alternatives of which each is a few steps of bounded length,
 * then at most one repetition that may fail, then only optional parts. Where two repetitions follow
 * each other, as in {@code \s*[\r ]+}, a later alternative must match what the first of them
 * consumed. The patterns of GPT-2 and later models are of this kind.
 */
final class SafePattern {
  /** The end of {@code \s+(?!\S)}, which backtracks by at most one character. */
  private static final String NOT_BEFORE_TEXT = "(?!\\S)";

  private static final int UNBOUNDED = -1;
  private static final int MAX_REPEATS = 100;
  private static final int MAX_WAYS = 10;
  private static final int MAX_LENGTH = 2000;

  /**
   * A step of an alternative: a character, a class of characters or a group of short alternatives.
   *
   * @param text as written, without the quantifier
   * @param length the least number of characters, each time
   * @param group true if it is a group
   * @param least the least number of times
   * @param most the largest number of times, or {@link #UNBOUNDED}
   */
  private record Step(String text, int length, boolean group, int least, int most) {
    boolean optional() {
      return least == 0;
    }

    boolean unbounded() {
      return most == UNBOUNDED;
    }
  }

  private record Alternative(List<Step> steps, boolean notBeforeText) {
    int length() {
      return steps.stream().mapToInt(s -> s.length * s.least).sum();
    }
  }

  private final String pattern;
  private int at;
  private boolean retries;
  private int shortest;

  private SafePattern(String pattern) {
    this.pattern = pattern;
  }

  /**
   * Checks a pattern.
   *
   * @throws IllegalArgumentException if it is not certain to be fast, with the part that is not
   */
  static SafePattern of(String pattern) {
    SafePattern p = new SafePattern(pattern);
    p.check();
    return p;
  }

  /** Returns the number of characters in the shortest match. */
  int shortest() {
    return shortest;
  }

  /** Returns whether the library may backtrack over as many characters as a long text has. */
  boolean retries() {
    return retries;
  }

  private void check() {
    if (pattern.length() > MAX_LENGTH) {
      throw new IllegalArgumentException("it has more than " + MAX_LENGTH + " characters");
    }
    if (pattern.startsWith("(?i)")) {
      at = 4;
    }
    List<Alternative> all = new ArrayList<>();
    do {
      all.add(alternative());
    } while (next('|'));
    if (at < pattern.length()) {
      throw at("is not expected");
    }
    for (int i = 0; i < all.size(); i++) {
      require(all.get(i), all.subList(i + 1, all.size()));
    }
    shortest = all.stream().mapToInt(Alternative::length).min().orElse(0);
  }

  private void require(Alternative a, List<Alternative> later) {
    List<Step> steps = a.steps;
    int needed = steps.size();
    while (needed > 0 && steps.get(needed - 1).optional()) {
      needed--; // what may be absent cannot fail
    }
    int ways = 1;
    for (int i = 0; i < needed; i++) {
      Step s = steps.get(i);
      boolean last = i == needed - 1 && !a.notBeforeText;
      if (s.unbounded() && !last) {
        boolean idiom = a.notBeforeText && steps.size() == 1 && s.text.equals("\\s");
        if (!idiom && !(i == needed - 2 && !a.notBeforeText && taken(steps, i, later))) {
          throw new IllegalArgumentException(
              "'" + JsonPart.shortened(s.text) + "' repeats without end and what follows may fail");
        }
        retries |= !idiom;
      } else if (!s.unbounded()) {
        ways *= s.most - s.least + 1;
      }
    }
    if (ways > MAX_WAYS && needed > 1) {
      throw new IllegalArgumentException("it can match one place in " + ways + " ways");
    }
  }

  /**
   * Returns whether a later alternative matches everything that the repetition at {@code i}
   * consumed.
   */
  private static boolean taken(List<Step> steps, int i, List<Alternative> later) {
    for (Alternative other : later) {
      List<Step> o = other.steps;
      boolean same = o.size() > i && o.subList(0, i).equals(steps.subList(0, i));
      if (same
          && o.get(i).unbounded()
          && o.get(i).least <= 1
          && o.get(i).text.equals(steps.get(i).text)
          && (o.subList(i + 1, o.size()).stream().allMatch(Step::optional))) {
        return true;
      }
    }
    return false;
  }

  private Alternative alternative() {
    List<Step> steps = new ArrayList<>();
    while (at < pattern.length() && pattern.charAt(at) != '|' && pattern.charAt(at) != ')') {
      if (pattern.startsWith(NOT_BEFORE_TEXT, at)) {
        at += NOT_BEFORE_TEXT.length();
        if (at < pattern.length() && pattern.charAt(at) != '|') {
          throw at("may only be followed by '|' here");
        }
        return new Alternative(steps, true);
      }
      steps.add(step());
    }
    return new Alternative(steps, false);
  }

  private Step step() {
    int from = at;
    boolean group = pattern.charAt(at) == '(';
    int length = 1;
    if (group) {
      length = group();
    } else {
      atom();
    }
    String text = pattern.substring(from, at);
    int least = 1;
    int most = 1;
    if (next('*')) {
      least = 0;
      most = UNBOUNDED;
    } else if (next('+')) {
      most = UNBOUNDED;
    } else if (next('?')) {
      least = 0;
    } else if (at < pattern.length() && pattern.charAt(at) == '{') {
      int[] interval = interval();
      least = interval[0];
      most = interval[1];
    }
    boolean repeated = least != 1 || most != 1;
    if (group && repeated && !(least == 0 && most == 1)) {
      throw new IllegalArgumentException("it repeats the group '" + JsonPart.shortened(text) + "'");
    }
    if (repeated && at < pattern.length()) {
      boolean interval = pattern.charAt(at - 1) == '}';
      if (next('+')) {
        most = interval ? UNBOUNDED : most; // {1,3}+ repeats the repetition, ?+ does not go back
      } else if ("*?{".indexOf(pattern.charAt(at)) >= 0) {
        throw at("follows another quantifier");
      }
    }
    return new Step(text, length, group, least, most);
  }

  /**
   * Parses a group of alternatives, each of a few characters, and returns the least of their
   * lengths.
   */
  private int group() {
    at++;
    if (next('?')) {
      if (next('i')) {
        requireNext(':');
      } else {
        requireNext(':');
      }
    }
    int length = Integer.MAX_VALUE;
    do {
      int own = 0;
      while (at < pattern.length() && "|)".indexOf(pattern.charAt(at)) < 0) {
        if (pattern.charAt(at) == '(') {
          throw at("begins a group within a group");
        }
        atom();
        boolean optional = next('?');
        if (at < pattern.length() && "*+?{".indexOf(pattern.charAt(at)) >= 0) {
          throw at("repeats within a group");
        }
        own += optional ? 0 : 1;
      }
      length = Math.min(length, own);
    } while (next('|'));
    requireNext(')');
    return length;
  }

  /** Parses a character or a class of characters. */
  private void atom() {
    int c = pattern.codePointAt(at);
    switch (c) {
      case '\\' -> escape();
      case '[' -> characters();
      case '(', ')', '*', '+', '?', '{', '^', '$', '|' -> throw at("is not expected");
      default -> at += Character.charCount(c);
    }
  }

  private void escape() {
    if (at + 1 >= pattern.length()) {
      throw at("has nothing behind it");
    }
    char c = pattern.charAt(at + 1);
    boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
    if (!letter) {
      at += 1 + Character.charCount(pattern.codePointAt(at + 1));
      return;
    }
    if ("sSdDwWhHnrtfvae".indexOf(c) >= 0) {
      at += 2;
    } else if ((c == 'p' || c == 'P' || c == 'x') && pattern.startsWith("{", at + 2)) {
      int end = pattern.indexOf('}', at);
      if (end < 0
          || end > at + 40
          || !pattern.substring(at + 3, end).matches("\\^?[A-Za-z0-9_ ]+")) {
        throw at("is not closed");
      }
      at = end + 1;
    } else if (c == 'u' && pattern.substring(at).matches("(?s)\\\\u[0-9A-Fa-f]{4}.*")) {
      at += 6;
    } else if (c == 'x' && pattern.substring(at).matches("(?s)\\\\x[0-9A-Fa-f]{2}.*")) {
      at += 4;
    } else {
      throw new IllegalArgumentException("'\\" + c + "' is not supported");
    }
  }

  private void characters() {
    int from = at;
    int depth = 0;
    do {
      if (at >= pattern.length()) {
        at = from;
        throw at("begins a class of characters that is not closed");
      }
      char c = pattern.charAt(at);
      if (c == '\\') {
        escape();
        continue;
      }
      at++;
      if (c == '[') {
        depth++;
        next('^');
        if (at < pattern.length() && pattern.charAt(at) == ']') {
          throw at("is not expected here; write \\]");
        }
      } else if (c == ']') {
        depth--;
      }
    } while (depth > 0);
  }

  private int[] interval() {
    int end = pattern.indexOf('}', at);
    String inner = end < 0 ? "" : pattern.substring(at + 1, end);
    if (!inner.matches("[0-9]{1,4}(,[0-9]{0,4})?")) {
      throw at("begins no count such as {2} or {1,3}");
    }
    int comma = inner.indexOf(',');
    int least = Integer.parseInt(comma < 0 ? inner : inner.substring(0, comma));
    int most =
        comma < 0
            ? least
            : comma == inner.length() - 1
                ? UNBOUNDED
                : Integer.parseInt(inner.substring(comma + 1));
    if (least > MAX_REPEATS || most > MAX_REPEATS || most != UNBOUNDED && most < least) {
      throw at("begins a count that is too large or has its ends swapped");
    }
    at = end + 1;
    return new int[] {least, most};
  }

  private boolean next(char c) {
    boolean there = at < pattern.length() && pattern.charAt(at) == c;
    at += there ? 1 : 0;
    return there;
  }

  private void requireNext(char c) {
    if (!next(c)) {
      throw at("is not expected, only (?: and (?i: groups are supported");
    }
  }

  private IllegalArgumentException at(String problem) {
    @Nullable String what = at < pattern.length() ? pattern.substring(at, at + 1) : null;
    return new IllegalArgumentException(
        (what == null ? "its end" : "'" + JsonPart.shortened(what) + "' at character " + (at + 1))
            + " "
            + problem);
  }
}
