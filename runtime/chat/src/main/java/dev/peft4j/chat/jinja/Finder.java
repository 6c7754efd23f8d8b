package dev.peft4j.chat.jinja;

/** Looks for a text in a longer one, in a time that both lengths together bound. */
final class Finder {
  // Up to this many comparisons, Java's own search is faster.
  private static final long PLAIN = 1 << 22;

  private final String text;
  private final String part;
  private final int @org.jspecify.annotations.Nullable [] borders;

  Finder(String text, String part, Runtime rt) {
    this.text = text;
    this.part = part;
    rt.work(text.length() + (long) part.length());
    if ((long) text.length() * part.length() <= PLAIN) {
      borders = null;
      return;
    }
    rt.reserve(2L * part.length());
    borders = new int[part.length()];
    int k = 0;
    for (int i = 1; i < part.length(); i++) {
      while (k > 0 && part.charAt(i) != part.charAt(k)) {
        k = borders[k - 1];
      }
      if (part.charAt(i) == part.charAt(k)) {
        k++;
      }
      borders[i] = k;
    }
  }

  /** The first place at or after {@code from}, or -1. */
  int next(int from) {
    if (borders == null || part.isEmpty()) {
      return text.indexOf(part, from);
    }
    int k = 0;
    for (int i = Math.max(0, from); i < text.length(); i++) {
      while (k > 0 && text.charAt(i) != part.charAt(k)) {
        k = borders[k - 1];
      }
      if (text.charAt(i) == part.charAt(k) && ++k == part.length()) {
        return i - k + 1;
      }
    }
    return -1;
  }
}
