package dev.peft4j.generate;

/** A change of the scores from which the next token of a row is chosen. */
@FunctionalInterface
public interface LogitsProcessor {
  /**
   * Changes the scores in place; minus infinity excludes a token.
   *
   * @param scores one for each token of the vocabulary
   * @param history the tokens so far
   */
  void process(float[] scores, TokenHistory history);

  /** Returns whether the row ends here, though its last token is none that ends texts. */
  default boolean ends(TokenHistory history) {
    return false;
  }
}
