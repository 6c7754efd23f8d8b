package dev.peft4j.transformers;

import java.util.Arrays;

/**
 * The tokens of a text and what of them a model learns to predict.
 *
 * @param ids the tokens
 * @param labels for each token itself, or {@link #IGNORED} if it does not count. The first one is
 *     never predicted
 */
public record TokenRow(int[] ids, int[] labels) {
  /** The label of a token that does not count. */
  public static final int IGNORED = -100;

  /**
   * Creates a row.
   *
   * @throws IllegalArgumentException if there are not as many labels as tokens
   */
  public TokenRow {
    if (ids.length != labels.length) {
      throw new IllegalArgumentException(
          "a row of "
              + ids.length
              + " tokens has "
              + labels.length
              + " labels; needed one for each token, -100 where it does not count");
    }
  }

  /** Returns a row of which every token counts. */
  public static TokenRow of(int... ids) {
    return new TokenRow(ids, ids);
  }

  /** Returns the number of tokens. */
  public int length() {
    return ids.length;
  }

  /** Returns the number of tokens that are predicted and count. */
  public int counted() {
    int n = 0;
    for (int i = 1; i < labels.length; i++) {
      n += labels[i] == IGNORED ? 0 : 1;
    }
    return n;
  }

  /** Returns the first {@code tokens} tokens, or this if there are not more. */
  public TokenRow cut(int tokens) {
    return ids.length <= tokens
        ? this
        : new TokenRow(Arrays.copyOf(ids, tokens), Arrays.copyOf(labels, tokens));
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof TokenRow r && Arrays.equals(ids, r.ids) && Arrays.equals(labels, r.labels);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(ids) + Arrays.hashCode(labels);
  }

  @Override
  public String toString() {
    return "TokenRow" + Arrays.toString(ids);
  }
}
