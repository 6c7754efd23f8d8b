package dev.peft4j.generate;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A row that was generated.
 *
 * @param row the index of its prompt
 * @param tokens the new tokens, with the one that ended the row
 * @param text their text, without special tokens, and without what ended it; empty without a
 *     tokenizer
 * @param reason why it ended
 * @param score of beam search: the sum of log-probabilities over length to the power of the length
 *     penalty; otherwise 0
 */
public record Generated(int row, int[] tokens, String text, FinishReason reason, double score) {
  /** Copies the tokens. */
  public Generated {
    tokens = tokens.clone();
  }

  @Override
  public int[] tokens() {
    return tokens.clone();
  }

  @Override
  public boolean equals(@Nullable Object o) {
    return o instanceof Generated g
        && row == g.row
        && Arrays.equals(tokens, g.tokens)
        && text.equals(g.text)
        && reason == g.reason
        && score == g.score;
  }

  @Override
  public int hashCode() {
    return Objects.hash(row, Arrays.hashCode(tokens), text, reason, score);
  }

  @Override
  public String toString() {
    return "Generated[" + tokens.length + " tokens, " + reason + ": " + text + "]";
  }
}
