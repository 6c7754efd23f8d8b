package dev.peft4j.transformers;

import java.util.ArrayList;
import java.util.List;

/**
 * The settings by which texts are cut to a length, and whether what is cut off is kept in further
 * windows (transformers' {@code truncation}, {@code max_length}, {@code stride} and {@code
 * return_overflowing_tokens}).
 *
 * @param truncation which text is cut
 * @param maxLength the maximum number of tokens, with those that the tokenizer adds
 * @param stride the tokens that a window repeats of the one before
 * @param all whether all windows are wanted, or the first one alone
 * @param fromLeft whether texts are cut at the start
 */
public record TokenWindows(
    Truncation truncation, int maxLength, int stride, boolean all, boolean fromLeft) {
  /** No cut at all. */
  public static final TokenWindows WHOLE =
      new TokenWindows(Truncation.NONE, Integer.MAX_VALUE, 0, false, false);

  /**
   * Creates settings.
   *
   * @throws IllegalArgumentException if a number is negative
   */
  public TokenWindows {
    if (maxLength < 0 || stride < 0) {
      throw new IllegalArgumentException(
          "TokenWindows: maxLength " + maxLength + " and stride " + stride + " must be at least 0");
    }
  }

  /** Returns a cut to a length, at the end of a text or, of a pair, of the longer one. */
  public static TokenWindows first(int maxLength) {
    return new TokenWindows(Truncation.LONGEST_FIRST, maxLength, 0, false, false);
  }

  /** Returns windows over all of a text, or of one text of a pair. */
  public static TokenWindows all(Truncation truncation, int maxLength, int stride) {
    return new TokenWindows(truncation, maxLength, stride, true, false);
  }

  /** Returns the parts of a text, each with at most {@code length} tokens, the first one first. */
  List<TextTokens> cut(TextTokens tokens, int length) {
    int size = tokens.size();
    if (length >= size) {
      return List.of(tokens);
    }
    if (length == 0) {
      TextTokens none = tokens.slice(0, 0);
      return all ? List.of(none, tokens) : List.of(none);
    }
    if (stride >= length) {
      throw new IllegalArgumentException(
          "Tokenizer: a stride of "
              + stride
              + " tokens in windows of "
              + length
              + " of the text: the stride must be smaller");
    }
    List<TextTokens> parts = new ArrayList<>();
    int step = length - stride;
    for (int at = 0; parts.isEmpty() || all; at += step) {
      int from = fromLeft ? Math.max(0, size - at - length) : at;
      int to = fromLeft ? size - at : Math.min(at + length, size);
      parts.add(tokens.slice(from, to));
      if (fromLeft ? from == 0 : to == size) {
        break;
      }
    }
    return parts;
  }

  /**
   * Returns the lengths of two texts of which the longer one is cut first, then both.
   *
   * @param inA the tokens of the first, as far as they are counted
   * @param room the tokens that are kept of both
   */
  static int[] longestFirst(int inA, int inB, int room) {
    if (inA + inB <= room) {
      return new int[] {inA, inB};
    }
    int least = Math.min(inA, inB);
    int most = least > room ? least : Math.max(least, room - least);
    if (least + most > room) {
      least = room / 2;
      most = room - least;
    }
    return inA > inB ? new int[] {most, least} : new int[] {least, most};
  }

  /**
   * Returns the number of tokens up to the end of the word that has the last one which may be kept:
   * the library counts no further.
   *
   * @param words the index of the word of each token
   */
  static int counted(long[] words, int maxLength, boolean fromLeft) {
    if (words.length <= maxLength) {
      return words.length;
    }
    int at = fromLeft ? words.length - maxLength : maxLength - 1;
    int step = fromLeft ? -1 : 1;
    int next = at + step;
    while (next >= 0 && next < words.length && words[next] == words[at]) {
      next += step;
    }
    return fromLeft ? words.length - 1 - next : next;
  }
}
