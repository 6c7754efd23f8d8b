package dev.peft4j.transformers;

import dev.peft4j.transformers.NativeTokenizer.Tokens;
import dev.peft4j.transformers.SpecialTokens.Encoded;
import java.util.Arrays;

/**
 * The encoding of texts to at most so many tokens, those around them included. Of a long text only
 * as much is encoded as is kept.
 *
 * @param around the tokens that are added
 * @param boundaries where a long text may be cut
 * @param cutLeft whether the beginning is dropped, in place of the end
 */
record CutTexts(
    NativeTokenizer tokenizer,
    SpecialTokens around,
    WordBoundaries boundaries,
    boolean cutLeft,
    int maxLength) {
  /**
   * The number of characters of a long text that are encoded at first, for each token that is kept.
   */
  private static final int CHARACTERS_A_TOKEN = 16;

  private static final int SHORT = 8192;

  Encoded encode(String text) {
    int room = maxLength - around.added(false);
    return around.around(cut(tokens(text, room).ids(), room), null);
  }

  /**
   * Truncates as transformers' {@code longest_first}: first the longer text, then both. The length
   * of a text is known up to the word with which it has {@code maxLength} tokens.
   */
  Encoded encode(String first, String second) {
    int room = maxLength - around.added(true);
    Tokens a;
    Tokens b;
    if (boundaries.joint() == null) {
      a = tokens(first, maxLength);
      b = tokens(second, maxLength);
    } else if (first.length() <= second.length()) { // the whole text is one word
      a = tokenizer.encode(first);
      b = tokens(second, Math.max(maxLength, a.ids().length));
    } else {
      b = tokenizer.encode(second);
      a = tokens(first, Math.max(maxLength, b.ids().length));
    }
    int[] kept =
        TokenWindows.longestFirst(
            TokenWindows.counted(a.words(), maxLength, cutLeft),
            TokenWindows.counted(b.words(), maxLength, cutLeft),
            room);
    boolean fits = a.ids().length + b.ids().length <= room;
    return fits
        ? around.around(a.ids(), b.ids())
        : around.around(cut(a.ids(), kept[0]), cut(b.ids(), kept[1]));
  }

  private long[] cut(long[] ids, int length) {
    if (ids.length <= length) {
      return ids;
    }
    return cutLeft
        ? Arrays.copyOfRange(ids, ids.length - length, ids.length)
        : Arrays.copyOf(ids, length);
  }

  /**
   * Returns the tokens of a text, of a long one only as many as needed and one more: it is cut
   * between words, where a token ends in any case.
   */
  private Tokens tokens(String text, int needed) {
    long size = Math.max(SHORT, (long) CHARACTERS_A_TOKEN * needed);
    while (!cutLeft && size < text.length() / 2) {
      int at = boundaries.next(text, (int) size, SHORT);
      if (at < 0) {
        break;
      }
      Tokens tokens = tokenizer.encode(text.substring(0, at));
      if (tokens.ids().length > needed) { // unknown pieces side by side may become one
        return tokens;
      }
      size *= 8;
    }
    return tokenizer.encode(text);
  }
}
