package dev.peft4j.target;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads what stands in brackets: {@code [^a-z\d]}. */
final class RegexClass {
  private final RegexReader in;
  private final boolean ignoreCase;
  private final boolean ascii;
  private final List<int[]> ranges = new ArrayList<>();
  private final List<RegexChars.Category> categories = new ArrayList<>();

  private @Nullable String javaOnly;

  RegexClass(RegexReader in, int flags) {
    this.in = in;
    this.ignoreCase = (flags & RegexParser.IGNORE_CASE) != 0;
    this.ascii = (flags & RegexParser.ASCII) != 0;
  }

  /** The set, its opening bracket being read. */
  RegexChars read(int open) {
    String unterminated = "unterminated character set";
    boolean negated = in.take('^');
    boolean first = true;
    while (true) {
      int at = in.at();
      int c = in.needed(unterminated);
      if (c == ']' && !first) {
        return RegexChars.of(ranges, categories, negated, ignoreCase, ascii);
      }
      if (c == '[' || c == '&' && !first && in.more() && in.peek() == '&') {
        javaOnly =
            "in a class Python takes "
                + (c == '['
                    ? "[ for a bracket, Java for another class: write \\\\["
                    : "&& for two &, Java for an intersection: write \\\\&");
      }
      first = false;
      int low = c == '\\' ? escape(at) : c;
      if (!in.take('-')) {
        add(low, low);
        continue;
      }
      int toAt = in.at();
      int to = in.needed(unterminated);
      if (to == ']') {
        add(low, low);
        add('-', '-');
        return RegexChars.of(ranges, categories, negated, ignoreCase, ascii);
      }
      int size = categories.size();
      int high = to == '\\' ? escape(toAt) : to;
      if (low < 0 || high < low || categories.size() != size) {
        throw in.error("bad character range", at);
      }
      add(low, high);
    }
  }

  /** What Java would read otherwise, as a sentence; or null. */
  @Nullable String javaOnly() {
    return javaOnly;
  }

  private void add(int low, int high) {
    if (low >= 0) {
      ranges.add(new int[] {low, high});
    }
  }

  /** A character; -1 if it was a category, which is added. */
  private int escape(int at) {
    int c = in.needed("unterminated character set");
    if ("dDsSwW".indexOf(c) >= 0) {
      categories.add(new RegexChars.Category((char) c, ascii));
      return -1;
    }
    if (c == 'b') {
      return '\b';
    }
    if (c >= '0' && c < '8') {
      int value = in.octal(2, c - '0');
      if (value > 255) {
        throw in.error("octal escape value outside of range 0-0o377", at);
      }
      return value;
    }
    return in.escaped(c, at);
  }
}
