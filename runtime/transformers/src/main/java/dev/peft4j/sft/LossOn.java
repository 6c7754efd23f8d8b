package dev.peft4j.sft;

/** The choice of tokens of an example that the loss counts. */
public enum LossOn {
  /** The answers of conversations, the completions of prompts, and all of a text. */
  DEFAULT,
  /** All tokens. */
  ALL,
  /**
   * The completion, where there is a prompt; all tokens otherwise (TRL's {@code
   * completion_only_loss}).
   */
  COMPLETION,
  /** What the assistant says in a conversation (TRL's {@code assistant_only_loss}). */
  ASSISTANT,
  /** What the assistant says in the completion. */
  ASSISTANT_IN_COMPLETION
}
