package dev.peft4j.generate;

/** A listener to a call that generates, on the thread of the call. */
public interface GenerationListener {
  /** A listener that does nothing. */
  GenerationListener NONE = new GenerationListener() {};

  /** Receives each new token of a row. */
  default void onToken(int row, int token) {}

  /**
   * Receives a part of a row's text when it is there: whole characters only; joined, the parts are
   * the text of the result. Needs a tokenizer; not called in beam search.
   */
  default void onText(int row, String part) {}

  /**
   * Receives the scores before the next token of a row is chosen.
   *
   * @param logits the model's scores, not to be kept
   * @param scores what the processors made of them, not to be kept
   */
  default void onScores(int row, float[] logits, float[] scores) {}

  /** Returns whether {@link #onScores} is to be called, which costs a copy of the scores. */
  default boolean wantsScores() {
    return false;
  }

  /** Returns true to end the call: what there is becomes the result. */
  default boolean cancelled() {
    return false;
  }
}
