package dev.peft4j.transformers;

import ai.djl.huggingface.tokenizers.jni.CharSpan;
import dev.peft4j.transformers.SpecialTokens.Trimming;
import java.util.Arrays;

/**
 * The tokens of one text, neither truncated nor padded, and where each is in the text. Ranges are
 * in chars of the Java string; tokens that the tokenizer adds around the text have the range [0,
 * 0).
 */
public final class TokenizedText {
  /** How byte-level vocabularies write the byte of a space. */
  private static final char SPACE_BYTE = 'Ġ';

  private final int[] ids;
  private final int[] starts;
  private final int[] ends;

  TokenizedText(int[] ids, int[] starts, int[] ends) {
    this.ids = ids;
    this.starts = starts;
    this.ends = ends;
  }

  /** Returns the tokens of {@code text} with those {@code around} it. */
  static TokenizedText of(String text, NativeTokenizer.Pieces pieces, SpecialTokens around) {
    long[] all = around.around(pieces.ids(), null).ids();
    int[] ids = new int[all.length];
    int[] starts = new int[all.length];
    int[] ends = new int[all.length];
    for (int t = 0; t < ids.length; t++) {
      ids[t] = Math.toIntExact(all[t]);
    }
    CodePoints chars = new CodePoints(text);
    int before = around.before();
    for (int t = 0; t < pieces.ids().length; t++) {
      CharSpan span = pieces.places()[t];
      if (span == null) {
        continue;
      }
      int start = span.getStart();
      int end = span.getEnd();
      if (around.trimming() != Trimming.NONE) {
        String token = pieces.texts()[t];
        int leading = spaces(token, 0, 1);
        boolean first = t == 0 || start == 0;
        if (leading == 1 && first && around.trimming() == Trimming.BUT_THE_PREFIX) {
          leading = 0;
        }
        int trailing = spaces(token, token.length() - 1, -1);
        start = Math.min(start + leading, end);
        end = end >= trailing ? Math.max(end - trailing, start) : end;
      }
      starts[before + t] = chars.index(start);
      ends[before + t] = chars.index(end);
    }
    return new TokenizedText(ids, starts, ends);
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

  /** Returns the number of tokens. */
  public int size() {
    return ids.length;
  }

  /** Returns the ids of the tokens. */
  public int[] ids() {
    return ids.clone();
  }

  /** Returns the id of a token. */
  public int id(int token) {
    return ids[token];
  }

  /** Returns where a token starts in the text. */
  public int start(int token) {
    return starts[token];
  }

  /** Returns where a token ends in the text, exclusive. */
  public int end(int token) {
    return ends[token];
  }

  /**
   * Returns the first token whose range contains a char of the text, or -1 if none does, as
   * transformers' {@code char_to_token}.
   *
   * @param at an index of the text
   */
  public int tokenAt(int at) {
    for (int t = 0; t < ids.length; t++) {
      if (starts[t] <= at && at < ends[t]) {
        return t;
      }
    }
    return -1;
  }

  @Override
  public String toString() {
    return Arrays.toString(ids);
  }
}
