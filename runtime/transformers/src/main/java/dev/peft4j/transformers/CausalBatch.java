package dev.peft4j.transformers;

import dev.peft4j.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * Texts that a causal language model learns from in one call.
 *
 * @param input what the model is called with
 * @param labels integers (batch, tokens): for each token itself, or -100 if it does not count. They
 *     are not shifted; the first of each row is never predicted
 */
public record CausalBatch(DecoderInput input, Tensor labels) {
  /** Padding to a multiple of this many tokens makes few programs of batches of many lengths. */
  public static final int MULTIPLE = 8;

  /**
   * Returns rows with padding on the right, up to a multiple of {@value #MULTIPLE} tokens. Since no
   * token sees those after it, padding needs no mask.
   *
   * @throws IllegalArgumentException if there is no row, or one without tokens
   */
  public static CausalBatch of(List<TokenRow> rows) {
    return of(rows, 0, MULTIPLE);
  }

  /**
   * Returns rows with padding on the right.
   *
   * @param pad the padding's token: any that the model has, since it counts for nothing
   * @param multiple what the number of tokens is a multiple of; 1 for no more than the longest row
   * @throws IllegalArgumentException if there is no row, or one without tokens
   */
  public static CausalBatch of(List<TokenRow> rows, int pad, int multiple) {
    int longest = longest(rows);
    int tokens = (longest + multiple - 1) / multiple * multiple;
    int[] ids = new int[rows.size() * tokens];
    int[] labels = new int[ids.length];
    Arrays.fill(ids, pad);
    Arrays.fill(labels, TokenRow.IGNORED);
    for (int r = 0; r < rows.size(); r++) {
      TokenRow row = rows.get(r);
      System.arraycopy(row.ids(), 0, ids, r * tokens, row.length());
      System.arraycopy(row.labels(), 0, labels, r * tokens, row.length());
    }
    return new CausalBatch(
        DecoderInput.of(Tensor.of(ids, rows.size(), tokens)),
        Tensor.of(labels, rows.size(), tokens));
  }

  /**
   * Returns rows one after another in one row without padding. Positions begin again with each, so
   * tokens see only those of their own row, and no row's first token is predicted.
   *
   * @throws IllegalArgumentException if there is no row, or one without tokens
   */
  public static CausalBatch packed(List<TokenRow> rows) {
    return packed(rows, 1);
  }

  /**
   * Returns the same with padding at the end of the row: a text of its own, of which nothing
   * counts.
   *
   * @param multiple what the number of tokens is a multiple of; 1 for no padding
   * @throws IllegalArgumentException if there is no row, or one without tokens
   */
  public static CausalBatch packed(List<TokenRow> rows, int multiple) {
    int longest = longest(rows);
    int used = rows.stream().mapToInt(TokenRow::length).sum();
    int tokens = (used + multiple - 1) / multiple * multiple;
    int[] ids = new int[tokens];
    int[] labels = new int[tokens];
    int[] positions = new int[tokens];
    Arrays.fill(labels, TokenRow.IGNORED);
    int at = 0;
    for (TokenRow row : rows) {
      System.arraycopy(row.ids(), 0, ids, at, row.length());
      System.arraycopy(row.labels(), 0, labels, at, row.length());
      labels[at] = TokenRow.IGNORED;
      for (int i = 0; i < row.length(); i++) {
        positions[at++] = i;
      }
    }
    for (int i = 0; at < tokens; i++) { // positions that rows have, too
      positions[at++] = i % longest;
    }
    return new CausalBatch(
        DecoderInput.of(Tensor.of(ids, 1, tokens)).withPositions(Tensor.of(positions, 1, tokens)),
        Tensor.of(labels, 1, tokens));
  }

  private static int longest(List<TokenRow> rows) {
    int longest = 0;
    for (TokenRow row : rows) {
      if (row.length() == 0) {
        throw new IllegalArgumentException("a batch has a row without tokens");
      }
      longest = Math.max(longest, row.length());
    }
    if (longest == 0) {
      throw new IllegalArgumentException("a batch has no rows");
    }
    return longest;
  }

  /** Returns the number of tokens that are predicted and count. */
  public long counted() {
    long n = 0;
    int tokens = labels.dim(1);
    long[] all = labels.toLongs();
    for (int i = 0; i < all.length; i++) {
      n += i % tokens == 0 || all[i] == TokenRow.IGNORED ? 0 : 1;
    }
    return n;
  }
}
