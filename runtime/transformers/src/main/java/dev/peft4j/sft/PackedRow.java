package dev.peft4j.sft;

import dev.peft4j.transformers.CausalBatch;
import dev.peft4j.transformers.TokenRow;
import java.util.List;

/**
 * Several documents in one row, one after the other.
 *
 * @param documents at least one, none empty
 */
public record PackedRow(List<TokenRow> documents) {
  /** Copies the list. */
  public PackedRow {
    documents = List.copyOf(documents);
  }

  /** Returns documents as if they were one. */
  static PackedRow joined(List<TokenRow> documents) {
    int length = documents.stream().mapToInt(TokenRow::length).sum();
    int[] ids = new int[length];
    int[] labels = new int[length];
    int at = 0;
    for (TokenRow d : documents) {
      System.arraycopy(d.ids(), 0, ids, at, d.length());
      System.arraycopy(d.labels(), 0, labels, at, d.length());
      at += d.length();
    }
    return new PackedRow(List.of(new TokenRow(ids, labels)));
  }

  /**
   * Returns packed rows as one row without padding, whose documents do not see each other.
   *
   * @throws IllegalArgumentException if there are none
   */
  public static CausalBatch batch(List<PackedRow> rows) {
    return batch(rows, 1);
  }

  /**
   * Returns packed rows as one row whose documents do not see each other, with padding at its end.
   *
   * @param multiple what the number of tokens is a multiple of; 1 for no padding
   * @throws IllegalArgumentException if there are no rows
   */
  public static CausalBatch batch(List<PackedRow> rows, int multiple) {
    return CausalBatch.packed(
        rows.stream().flatMap(r -> r.documents().stream()).toList(), multiple);
  }

  /** Returns the number of tokens. */
  public int length() {
    return documents.stream().mapToInt(TokenRow::length).sum();
  }
}
