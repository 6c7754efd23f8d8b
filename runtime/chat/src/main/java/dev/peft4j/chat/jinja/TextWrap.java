package dev.peft4j.chat.jinja;

import java.util.ArrayList;
import java.util.List;

/** Python's {@code textwrap.wrap}, of one line. */
final class TextWrap {
  private TextWrap() {}

  static List<String> wrap(String text, int width, boolean breakLong, boolean hyphens, Runtime rt) {
    List<String> chunks = chunks(text, hyphens, rt);
    List<String> lines = new ArrayList<>();
    int next = 0;
    while (next < chunks.size()) {
      if (!lines.isEmpty() && chunks.get(next).isBlank()) {
        next++;
        if (next == chunks.size()) {
          break;
        }
      }
      List<String> line = new ArrayList<>();
      int length = 0;
      while (next < chunks.size() && length + Str.length(chunks.get(next)) <= width) {
        length += Str.length(chunks.get(next));
        line.add(chunks.get(next++));
      }
      if (next < chunks.size() && Str.length(chunks.get(next)) > width) {
        String chunk = chunks.get(next);
        int room = Math.max(1, width - length);
        if (breakLong) {
          int end = room;
          if (hyphens && Str.length(chunk) > room) {
            String head = Str.slice(chunk, 0, room, 1);
            int hyphen = head.lastIndexOf('-');
            if (hyphen > 0 && head.substring(0, hyphen).chars().anyMatch(c -> c != '-')) {
              end = Str.length(head.substring(0, hyphen + 1));
            }
          }
          line.add(Str.slice(chunk, 0, end, 1));
          rt.reserve(chunk.length());
          chunks.set(next, Str.slice(chunk, end, Str.length(chunk), 1));
        } else if (line.isEmpty()) {
          line.add(chunks.get(next++));
        }
      }
      if (!line.isEmpty() && line.getLast().isBlank()) {
        line.removeLast();
      }
      if (!line.isEmpty()) {
        lines.add(String.join("", line));
      }
    }
    return lines;
  }

  // Words, the white space between them, and words cut after hyphens between letters.
  private static List<String> chunks(String text, boolean hyphens, Runtime rt) {
    List<String> chunks = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < text.length(); i++) {
      boolean space = blank(text.charAt(i));
      boolean end = i + 1 == text.length() || blank(text.charAt(i + 1)) != space;
      boolean hyphen =
          hyphens
              && !space
              && text.charAt(i) == '-'
              && i - start >= 2
              && i + 2 < text.length()
              && letter(text.charAt(i - 1))
              && letter(text.charAt(i - 2))
              && letter(text.charAt(i + 1))
              && letter(text.charAt(i + 2));
      if (end || hyphen) {
        rt.reserveEntries(1);
        chunks.add(text.substring(start, i + 1));
        start = i + 1;
      }
    }
    return chunks;
  }

  private static boolean letter(char c) {
    return Character.isLetter(c) || c == '_';
  }

  private static boolean blank(char c) {
    return c == ' ' || (c >= 9 && c <= 13);
  }
}
