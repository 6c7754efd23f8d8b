package dev.peft4j.tensor;

/** The way in which the losses of single elements are combined. */
public enum Reduction {
  /** Their mean. */
  MEAN,
  /** Their sum. */
  SUM,
  /** Their sum, divided by the size of the first dimension: torch's {@code "batchmean"}. */
  BATCH_MEAN,
  /** No reduction: the losses of the elements. */
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
