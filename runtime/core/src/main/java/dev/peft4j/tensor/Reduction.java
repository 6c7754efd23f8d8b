package dev.peft4j.tensor;

/** What becomes of the losses of single elements. */
public enum Reduction {
  /** Their mean. */
  MEAN,
  /** Their sum. */
  SUM,
  /** Their sum, divided by the size of the first dimension: torch's {@code "batchmean"}. */
  BATCH_MEAN,
  /** They stay as they are. */
  NONE;

  Tensor of(Tensor losses) {
    return switch (this) {
      case MEAN -> losses.mean();
      case SUM -> losses.sum();
      case BATCH_MEAN -> losses.sum().div(losses.shape().rank() == 0 ? 1 : losses.dim(0));
      case NONE -> losses;
    };
  }
}
