package dev.peft4j.generate;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The result of a call: for each prompt, in order, one row or more.
 *
 * @param rows the rows; those of a prompt together, the best first in beam search
 * @param promptTokens tokens of all prompts, without padding
 * @param seconds the time of the call
 */
public record GenerationResult(List<Generated> rows, int promptTokens, double seconds) {
  /** Copies the rows. */
  public GenerationResult {
    rows = List.copyOf(rows);
  }

  /** Returns the text of the first row. */
  public String text() {
    return rows.getFirst().text();
  }

  /** Returns the number of new tokens of all rows. */
  public int newTokens() {
    return rows.stream().mapToInt(r -> r.tokens().length).sum();
  }

  /** Returns the new tokens for each second. */
  public double tokensPerSecond() {
    return newTokens() / seconds;
  }

  /** Returns the new tokens of each row, padded on the right to the longest. */
  public int[][] padded(@Nullable Integer pad) {
    int longest = rows.stream().mapToInt(r -> r.tokens().length).max().orElse(0);
    return rows.stream()
        .map(
            r -> {
              int[] all = java.util.Arrays.copyOf(r.tokens(), longest);
              java.util.Arrays.fill(all, r.tokens().length, longest, pad == null ? 0 : pad);
              return all;
            })
        .toArray(int[][]::new);
  }
}
