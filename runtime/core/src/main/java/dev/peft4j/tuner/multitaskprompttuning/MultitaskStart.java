package dev.peft4j.tuner.multitaskprompttuning;

/** The values that virtual tokens and the tasks' changes start from. */
public enum MultitaskStart {
  /** The embeddings of a text, repeated or cut off; small random changes. */
  TEXT,
  /** Normally distributed numbers; small random changes. */
  RANDOM,
  /** Those of source tasks, and the mean of their changes: for a single task. */
  AVERAGE_SOURCE_TASKS,
  /** Those of source tasks, and the change of one of them: for a single task. */
  EXACT_SOURCE_TASK,
  /** The virtual tokens of source tasks; small random changes. */
  ONLY_SOURCE_SHARED
}
