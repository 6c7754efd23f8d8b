package dev.peft4j.transformers;

import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Function;

/**
 * The tokens of parts of texts that have been seen: words come again and again, and the native
 * library takes most of its time for finding them. A text is cut before words where a token ends in
 * any case ({@link WordBoundaries#nextRepeated}), so that the tokens are the same.
 */
final class TokenMemo {
  /** The longest part that is kept, in characters. */
  private static final int LONGEST = 40;

  /** The number of parts that are kept: some megabytes. */
  private static final int MOST = 1 << 15;

  private final Function<String, long[]> tokenizer;
  private final WordBoundaries boundaries;
  private final ConcurrentMap<String, int[]> parts = new ConcurrentHashMap<>();

  TokenMemo(Function<String, long[]> tokenizer, WordBoundaries boundaries) {
    this.tokenizer = tokenizer;
    this.boundaries = boundaries;
  }

  /** Returns the ids of a text's tokens. */
  int[] ids(String text) {
    int[] all = new int[text.length() / 2 + 8];
    int size = 0;
    for (int from = 0; from < text.length(); ) {
      int to = boundaries.nextRepeated(text, from + 1);
      if (to < 0) {
        to = text.length();
      }
      int[] ids = part(text.substring(from, to));
      if (size + ids.length > all.length) {
        all = Arrays.copyOf(all, Math.max(2 * all.length, size + ids.length));
      }
      System.arraycopy(ids, 0, all, size, ids.length);
      size += ids.length;
      from = to;
    }
    return Arrays.copyOf(all, size);
  }

  private int[] part(String text) {
    if (text.length() > LONGEST) {
      return encoded(text);
    }
    int[] known = parts.get(text);
    if (known == null) {
      known = encoded(text);
      if (parts.size() >= MOST) {
        parts.clear();
      }
      parts.put(text, known);
    }
    return known;
  }

  private int[] encoded(String text) {
    return Arrays.stream(tokenizer.apply(text)).mapToInt(Math::toIntExact).toArray();
  }
}
