package dev.peft4j.sft;

/**
 * A fact about the data that is not an error but that people want to know, told once.
 *
 * @param kind what it is
 * @param message the sentence, with the place where it was seen first
 */
public record SftWarning(Kind kind, String message) {
  /** The kinds of warnings. */
  public enum Kind {
    /** The tokens of a prompt are not the first ones of prompt and completion. */
    PROMPT_NOT_PREFIX,
    /** The chat template writes marks that are no tokens of the tokenizer. */
    UNKNOWN_MARKS,
    /** The answers' end is not counted: the model will not learn to stop. */
    STOP_NOT_TRAINED,
    /** A text brings its own beginning-of-sequence token, and gets another. */
    DOUBLED_BOS,
    /** The content of a message contains special tokens, which become those. */
    SPECIAL_TOKENS_IN_CONTENT,
    /** Rows were of another format and have been mapped to messages. */
    MAPPED,
    /** Rows were dropped because the loss counts none of their tokens. */
    DROPPED,
    /** Truncation removed the end of answers or texts. */
    LOST_END,
    /** Rows that cannot become examples were skipped. */
    SKIPPED,
    /** A setting that is there for comparisons with TRL and harms training. */
    HARMFUL_SETTING
  }
}
