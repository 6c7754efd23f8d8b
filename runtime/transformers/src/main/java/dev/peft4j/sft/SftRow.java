package dev.peft4j.sft;

import java.util.Arrays;

/**
 * An example as a model sees it.
 *
 * @param inputIds token ids
 * @param labels as many: the token's id where the loss counts it, {@link #IGNORED} elsewhere; each
 *     is predicted from the tokens before it, so the first one is never counted
 * @param lostEnd whether truncation removed counted tokens: the end of an answer or of a text
 */
public record SftRow(int[] inputIds, int[] labels, boolean lostEnd) {
  /** The label of a token that is not counted. */
  public static final int IGNORED = -100;

  /**
   * Checks the lengths.
   *
   * @throws IllegalArgumentException if there are not as many labels as ids
   */
  public SftRow {
    if (inputIds.length != labels.length) {
      throw new IllegalArgumentException(
          "SftRow: " + inputIds.length + " ids and " + labels.length + " labels, needed as many");
    }
  }

  /** Returns the number of tokens. */
  public int length() {
    return inputIds.length;
  }

  /** Returns the number of tokens that the loss counts: of those after the first. */
  public int counted() {
    int n = 0;
    for (int i = 1; i < labels.length; i++) {
      n += labels[i] == IGNORED ? 0 : 1;
    }
    return n;
  }

  /** Returns whether some token is masked. */
  boolean isMasked() {
    return Arrays.stream(labels).anyMatch(l -> l == IGNORED);
  }

  /** Returns tokens {@code from} to {@code to}, exclusive. */
  SftRow slice(int from, int to) {
    return new SftRow(
        Arrays.copyOfRange(inputIds, from, to), Arrays.copyOfRange(labels, from, to), lostEnd);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SftRow r
        && Arrays.equals(inputIds, r.inputIds)
        && Arrays.equals(labels, r.labels)
        && lostEnd == r.lostEnd;
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(inputIds) + Arrays.hashCode(labels);
  }

  @Override
  public String toString() {
    return "SftRow[inputIds=" + Arrays.toString(inputIds) + ", labels=" + Arrays.toString(labels)
        + "]";
  }
}
