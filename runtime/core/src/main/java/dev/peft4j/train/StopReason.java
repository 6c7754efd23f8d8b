package dev.peft4j.train;

/** The reason why a training run ended. */
public enum StopReason {
  /** All steps were done. */
  COMPLETED,
  /** The evaluations no longer improved, see {@link Monitor#patience}. */
  EARLY,
  /** {@link Trainer#stop} was called. */
  STOPPED
}
