package dev.peft4j.chat.jinja;

import java.util.Arrays;

/** A template's text, with lines that end in one character, and where they begin. */
final class Source {
  final String text;
  private final int[] lines;

  Source(String template) {
    String t = template.replace("\r\n", "\n").replace('\r', '\n');
    // jinja2 drops the last line's end.
    text = t.endsWith("\n") ? t.substring(0, t.length() - 1) : t;
    int[] starts = new int[16];
    int n = 1;
    for (int i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) {
      if (n == starts.length) {
        starts = Arrays.copyOf(starts, 2 * n);
      }
      starts[n++] = i + 1;
    }
    lines = Arrays.copyOf(starts, n);
  }

  int line(int position) {
    int i = Arrays.binarySearch(lines, position);
    return i >= 0 ? i + 1 : -i - 1;
  }

  int column(int position) {
    int start = lines[line(position) - 1];
    return text.codePointCount(start, Math.min(position, text.length())) + 1;
  }

  JinjaException error(String message, int position) {
    return JinjaException.syntax(message, line(position), column(position));
  }
}
