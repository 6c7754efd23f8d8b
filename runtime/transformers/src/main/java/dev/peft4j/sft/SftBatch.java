package dev.peft4j.sft;

import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Examples as the input of a model.
 *
 * @param inputIds int64 (rows, tokens)
 * @param labels int64 (rows, tokens), {@link SftRow#IGNORED} where nothing is counted
 * @param attentionMask int64 (rows, tokens): 1 at tokens, 0 at padding
 * @param positionIds int64 (rows, tokens): the place of a token in its document; in a packed row
 *     they begin again at each document, which keeps the attention of documents apart
 * @param packed whether rows hold several documents; then there is no padding
 */
public record SftBatch(
    Tensor inputIds, Tensor labels, Tensor attentionMask, Tensor positionIds, boolean packed) {

  /**
   * Returns examples as rows padded on the right to the longest. Padding is known by the length, so
   * that the id of padding may also be one that ends a text.
   *
   * @throws IllegalArgumentException if there are no rows, or all are empty
   */
  public static SftBatch padded(List<SftRow> rows, int padId) {
    int tokens = rows.stream().mapToInt(SftRow::length).max().orElse(0);
    requireTokens(tokens);
    long[] ids = new long[rows.size() * tokens];
    long[] labels = new long[ids.length];
    long[] mask = new long[ids.length];
    long[] positions = new long[ids.length];
    Arrays.fill(ids, padId);
    Arrays.fill(labels, SftRow.IGNORED);
    for (int r = 0; r < rows.size(); r++) {
      SftRow row = rows.get(r);
      for (int i = 0; i < tokens; i++) {
        int at = r * tokens + i;
        positions[at] = i;
        if (i < row.length()) {
          ids[at] = row.inputIds()[i];
          labels[at] = row.labels()[i];
          mask[at] = 1;
        }
      }
    }
    return new SftBatch(
        Tensor.of(ids, rows.size(), tokens),
        Tensor.of(labels, rows.size(), tokens),
        Tensor.of(mask, rows.size(), tokens),
        Tensor.of(positions, rows.size(), tokens),
        false);
  }

  /**
   * Returns packed rows joined to one row without padding, (1, tokens). The first token of a
   * document is not counted: nothing of its own stands before it.
   *
   * @throws IllegalArgumentException if there are no tokens
   */
  public static SftBatch packed(List<PackedRow> rows) {
    List<SftRow> documents = new ArrayList<>();
    rows.forEach(r -> documents.addAll(r.documents()));
    int tokens = documents.stream().mapToInt(SftRow::length).sum();
    requireTokens(tokens);
    long[] ids = new long[tokens];
    long[] labels = new long[tokens];
    long[] mask = new long[tokens];
    long[] positions = new long[tokens];
    Arrays.fill(mask, 1);
    int at = 0;
    for (SftRow d : documents) {
      for (int i = 0; i < d.length(); i++, at++) {
        ids[at] = d.inputIds()[i];
        labels[at] = i == 0 ? SftRow.IGNORED : d.labels()[i];
        positions[at] = i;
      }
    }
    return new SftBatch(
        Tensor.of(ids, 1, tokens),
        Tensor.of(labels, 1, tokens),
        Tensor.of(mask, 1, tokens),
        Tensor.of(positions, 1, tokens),
        true);
  }

  private static void requireTokens(int tokens) {
    if (tokens == 0) {
      throw new IllegalArgumentException("SftBatch: no tokens, needed at least one row with some");
    }
  }
}
