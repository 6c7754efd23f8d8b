package dev.peft4j.transformers;

/** A maximum length of texts in which the tokens that a tokenizer adds leave no room for a text. */
public final class MaxLengthException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  /** What was found and would have been right, without the name of the setting. */
  private final String problem;

  MaxLengthException(String problem) {
    super("Tokenizer: maxLength" + problem);
    this.problem = problem;
  }

  /**
   * Returns the message for a setting of another name, such as an option of a command line.
   *
   * @param setting the name, for example {@code --max-length}
   */
  public String messageFor(String setting) {
    return setting + problem;
  }
}
