package dev.peft4j.hub;

import java.util.List;

/**
 * Patterns of file names as in Python's {@code fnmatch} and {@code huggingface_hub}: {@code *} is
 * any text, slashes included, {@code ?} any character, {@code [abc]} and {@code [!abc]} a set of
 * characters; a pattern that ends with a slash is everything in a folder.
 */
final class Glob {
  private Glob() {}

  static boolean anyMatches(List<String> patterns, String name) {
    return patterns.stream().anyMatch(p -> matches(p, name));
  }

  /**
   * Returns whether the whole name matches; the time is at most proportional to the product of both
   * lengths.
   */
  static boolean matches(String pattern, String name) {
    String p = pattern.endsWith("/") ? pattern + "*" : pattern;
    int at = 0;
    int n = 0;
    int star = -1;
    int retry = 0;
    while (n < name.length()) {
      if (at < p.length() && p.charAt(at) == '*') {
        star = ++at;
        retry = n;
        continue;
      }
      int next = at < p.length() ? one(p, at, name.charAt(n)) : -1;
      if (next >= 0) {
        at = next;
        n++;
      } else if (star >= 0) {
        at = star;
        n = ++retry;
      } else {
        return false;
      }
    }
    while (at < p.length() && p.charAt(at) == '*') {
      at++;
    }
    return at == p.length();
  }

  /** Returns where the pattern continues if the item at {@code at} matches {@code c}, else -1. */
  private static int one(String p, int at, char c) {
    char first = p.charAt(at);
    if (first == '?') {
      return at + 1;
    }
    int close = first == '[' ? end(p, at) : -1;
    if (close < 0) { // a bracket that is never closed stands for itself
      return first == c ? at + 1 : -1;
    }
    boolean not = p.charAt(at + 1) == '!';
    boolean found = false;
    for (int i = at + (not ? 2 : 1); i < close; i++) {
      if (i + 2 < close && p.charAt(i + 1) == '-') {
        found |= p.charAt(i) <= c && c <= p.charAt(i + 2);
        i += 2;
      } else {
        found |= p.charAt(i) == c;
      }
    }
    return found != not ? close + 1 : -1;
  }

  private static int end(String p, int open) {
    int from = open + 1;
    if (from < p.length() && p.charAt(from) == '!') {
      from++;
    }
    return p.indexOf(']', from + 1); // the first one after the opening stands for itself
  }
}
