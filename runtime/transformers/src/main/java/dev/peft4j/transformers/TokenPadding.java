package dev.peft4j.transformers;

import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.SpecialTokens.Encoded;
import java.util.Arrays;

/**
 * How the texts of a batch come to one length.
 *
 * @param id what they are filled up with
 * @param left on which side
 * @param multiple what the length is a multiple of
 * @param least the smallest length
 */
record TokenPadding(long id, boolean left, int multiple, int least) {
  /** Returns that of a file: on one side, to the longest text. */
  static TokenPadding of(long id, boolean left) {
    return new TokenPadding(id, left, 1, 0);
  }

  TokenPadding multiple(int tokens) {
    return new TokenPadding(id, left, tokens, least);
  }

  TokenPadding side(boolean onLeft, int atLeast) {
    return new TokenPadding(id, onLeft, multiple, atLeast);
  }

  TokenBatch batch(Encoded[] rows) {
    int tokens = least;
    for (Encoded row : rows) {
      tokens = Math.max(tokens, row.ids().length);
    }
    tokens = (tokens + multiple - 1) / multiple * multiple;
    long[] ids = new long[rows.length * tokens];
    long[] mask = new long[ids.length];
    long[] types = new long[ids.length];
    Arrays.fill(ids, id);
    for (int r = 0; r < rows.length; r++) {
      int length = rows[r].ids().length;
      int at = r * tokens + (left ? tokens - length : 0);
      System.arraycopy(rows[r].ids(), 0, ids, at, length);
      System.arraycopy(rows[r].types(), 0, types, at, length);
      Arrays.fill(mask, at, at + length, 1);
    }
    return new TokenBatch(
        Tensor.of(ids, rows.length, tokens),
        Tensor.of(mask, rows.length, tokens),
        Tensor.of(types, rows.length, tokens));
  }
}
