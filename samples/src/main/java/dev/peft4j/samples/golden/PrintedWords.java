package dev.peft4j.samples.golden;

import dev.peft4j.transformers.Tokenizer;
import java.util.ArrayList;
import java.util.List;

/**
 * What transformers' {@code TextStreamer} prints after each token: whole words, a line's end at
 * once, ideographs one by one, and the rest at the end.
 */
final class PrintedWords {
  private PrintedWords() {}

  /** Returns a part for each token, and the one at the end. */
  static List<String> of(Tokenizer tokenizer, long[] ids) {
    List<String> parts = new ArrayList<>();
    List<Long> kept = new ArrayList<>();
    int printed = 0;
    for (long id : ids) {
      kept.add(id);
      String text = decode(tokenizer, kept);
      int last = text.isEmpty() ? 0 : text.codePointBefore(text.length());
      if (text.endsWith("\n")) {
        parts.add(text.substring(printed));
        kept.clear();
        printed = 0;
        continue;
      }
      int end = isIdeograph(last) ? text.length() : text.lastIndexOf(' ') + 1;
      parts.add(end > printed ? text.substring(printed, end) : "");
      printed = isIdeograph(last) ? end : Math.max(printed, end);
    }
    String text = kept.isEmpty() ? "" : decode(tokenizer, kept);
    parts.add(text.substring(Math.min(printed, text.length())));
    return parts;
  }

  private static String decode(Tokenizer tokenizer, List<Long> ids) {
    return tokenizer.decode(ids.stream().mapToLong(Long::longValue).toArray());
  }

  private static boolean isIdeograph(int c) {
    return c >= 0x4E00 && c <= 0x9FFF
        || c >= 0x3400 && c <= 0x4DBF
        || c >= 0x20000 && c <= 0x2A6DF
        || c >= 0x2A700 && c <= 0x2B73F
        || c >= 0x2B740 && c <= 0x2B81F
        || c >= 0x2B820 && c <= 0x2CEAF
        || c >= 0xF900 && c <= 0xFAFF
        || c >= 0x2F800 && c <= 0x2FA1F;
  }
}
