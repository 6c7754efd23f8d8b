package dev.peft4j.transformers;

import ai.djl.huggingface.tokenizers.jni.CharSpan;
import dev.peft4j.transformers.SpecialTokens.Trimming;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The tokens of a text before any are added around it, with their places in code points.
 *
 * @param texts the tokens as the vocabulary writes them
 * @param starts -1 for a token without a place
 * @param chars for each token, the chars of its text
 * @param words the index of the given word that a token is of; -1 if the text is not given in words
 */
record TextTokens(
    long[] ids, String[] texts, int[] starts, int[] ends, CodePoints[] chars, int[] words) {
  /** How byte-level vocabularies write the byte of a space. */
  private static final char SPACE_BYTE = 'Ġ';

  static TextTokens of(String text, NativeTokenizer.Pieces pieces, int word) {
    int size = pieces.ids().length;
    int[] starts = new int[size];
    int[] ends = new int[size];
    int[] words = new int[size];
    Arrays.fill(words, word);
    CodePoints[] chars = new CodePoints[size];
    Arrays.fill(chars, new CodePoints(text));
    for (int t = 0; t < size; t++) {
      CharSpan span = pieces.places()[t];
      starts[t] = span == null ? -1 : span.getStart();
      ends[t] = span == null ? 0 : span.getEnd();
    }
    return new TextTokens(pieces.ids(), pieces.texts(), starts, ends, chars, words);
  }

  static TextTokens joined(List<TextTokens> parts) {
    int size = parts.stream().mapToInt(TextTokens::size).sum();
    TextTokens all =
        new TextTokens(
            new long[size],
            new String[size],
            new int[size],
            new int[size],
            new CodePoints[size],
            new int[size]);
    int at = 0;
    for (TextTokens p : parts) {
      int n = p.size();
      System.arraycopy(p.ids, 0, all.ids, at, n);
      System.arraycopy(p.texts, 0, all.texts, at, n);
      System.arraycopy(p.starts, 0, all.starts, at, n);
      System.arraycopy(p.ends, 0, all.ends, at, n);
      System.arraycopy(p.chars, 0, all.chars, at, n);
      System.arraycopy(p.words, 0, all.words, at, n);
      at += n;
    }
    return all;
  }

  int size() {
    return ids.length;
  }

  TextTokens slice(int from, int to) {
    return new TextTokens(
        Arrays.copyOfRange(ids, from, to),
        Arrays.copyOfRange(texts, from, to),
        Arrays.copyOfRange(starts, from, to),
        Arrays.copyOfRange(ends, from, to),
        Arrays.copyOfRange(chars, from, to),
        Arrays.copyOfRange(words, from, to));
  }

  /** Returns the place of a token without the spaces in it, in chars: where it starts and ends. */
  int[] place(int t, Trimming trimming) {
    int start = starts[t];
    int end = ends[t];
    if (start < 0) {
      return new int[2];
    }
    if (trimming != Trimming.NONE) {
      String token = texts[t];
      int leading = spaces(token, 0, 1);
      boolean first = t == 0 || start == 0;
      if (leading == 1 && first && trimming == Trimming.BUT_THE_PREFIX) {
        leading = 0;
      }
      int trailing = spaces(token, token.length() - 1, -1);
      start = Math.min(start + leading, end);
      end = end >= trailing ? Math.max(end - trailing, start) : end;
    }
    return new int[] {chars[t].index(start), chars[t].index(end)};
  }

  /** The number of spaces at one end of a token, written as such or as the byte of a space. */
  private static int spaces(String token, int from, int step) {
    int at = from;
    while (at >= 0
        && at < token.length()
        && (token.charAt(at) == SPACE_BYTE || Character.isWhitespace(token.charAt(at)))) {
      at += step;
    }
    return Math.abs(at - from);
  }

  /** Returns the tokens of a text and those of a second one with what is added around them. */
  static TokenizedText around(
      SpecialTokens around,
      TextTokens first,
      @Nullable TextTokens second,
      java.util.function.LongFunction<String> names) {
    TokenizedText.Builder out = new TokenizedText.Builder();
    for (SpecialTokens.Piece p : second == null ? around.single() : around.pair()) {
      if (p.text() < 0) {
        for (long id : p.ids()) {
          out.add(id, names.apply(id), new int[2], p.type(), -1, -1);
        }
        continue;
      }
      TextTokens tokens = p.text() == 0 || second == null ? first : second;
      for (int t = 0; t < tokens.size(); t++) {
        int[] place = tokens.place(t, around.trimming());
        out.add(tokens.ids[t], tokens.texts[t], place, p.type(), tokens.words[t], p.text());
      }
    }
    return out.build();
  }
}
