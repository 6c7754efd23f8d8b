package dev.peft4j.train;

/** Why a training run ended. */
public enum StopReason {
  /** All steps are done. */
  COMPLETED,
  /** The evaluations got no better any more, see {@link Monitor#patience}. */
  EARLY,
  /** {@link Trainer#stop} was called. */
  STOPPED
}
