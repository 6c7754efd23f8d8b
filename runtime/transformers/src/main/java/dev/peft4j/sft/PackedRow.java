package dev.peft4j.sft;

import java.util.List;

/**
 * Several documents in one row, one after the other.
 *
 * @param documents at least one, none empty
 */
public record PackedRow(List<SftRow> documents) {
  /** Copies the list. */
  public PackedRow {
    documents = List.copyOf(documents);
  }

  /** Returns documents as if they were one. */
  static PackedRow joined(List<SftRow> documents) {
    int length = documents.stream().mapToInt(SftRow::length).sum();
    int[] ids = new int[length];
    int[] labels = new int[length];
    int at = 0;
    for (SftRow d : documents) {
      System.arraycopy(d.inputIds(), 0, ids, at, d.length());
      System.arraycopy(d.labels(), 0, labels, at, d.length());
      at += d.length();
    }
    return new PackedRow(List.of(new SftRow(ids, labels, false)));
  }

  /** Returns the number of tokens. */
  public int length() {
    return documents.stream().mapToInt(SftRow::length).sum();
  }
}
