package dev.peft4j.sft;

import dev.peft4j.transformers.TokenRow;
import java.util.Arrays;

/**
 * An example made of a row.
 *
 * @param tokens the tokens and labels, at most as many as the options have
 * @param lostEnd whether truncation removed counted tokens: the end of an answer or of a text
 */
public record SftExample(TokenRow tokens, boolean lostEnd) {
  /** Returns whether some token is masked. */
  boolean isMasked() {
    return Arrays.stream(tokens.labels()).anyMatch(l -> l == TokenRow.IGNORED);
  }

  /** Returns tokens {@code from} to {@code to}, exclusive. */
  static TokenRow slice(TokenRow row, int from, int to) {
    return new TokenRow(
        Arrays.copyOfRange(row.ids(), from, to), Arrays.copyOfRange(row.labels(), from, to));
  }
}
