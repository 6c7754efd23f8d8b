package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * {@link BatchNorm} over (batch, channels) or (batch, channels, length): torch's {@code
 * BatchNorm1d}.
 */
public final class BatchNorm1d extends BatchNorm {
  /** Creates a layer with eps 1e-5 and momentum 0.1. */
  public BatchNorm1d(int channels) {
    this(channels, 1e-5f, 0.1f, true, true);
  }

  /** Creates a layer with scale, shift and running statistics. */
  public BatchNorm1d(int channels, float eps, @Nullable Float momentum) {
    this(channels, eps, momentum, true, true);
  }

  /**
   * Creates a layer.
   *
   * @param eps the number that is added to the variance
   * @param momentum the weight of the batch's statistics in the running ones; null for the mean
   *     over all batches, torch's {@code None}
   * @param affine whether there are a trainable scale and shift
   * @param trackRunningStats whether there are running statistics; without them evaluation mode
   *     uses the batch's, too
   * @throws IllegalArgumentException if a number is out of range
   */
  public BatchNorm1d(
      int channels,
      float eps,
      @Nullable Float momentum,
      boolean affine,
      boolean trackRunningStats) {
    super(channels, eps, momentum, affine, trackRunningStats);
  }

  @Override
  void requireRank(Tensor x) {
    if (x.shape().rank() < 2 || x.shape().rank() > 3 || x.dim(1) != channels()) {
      throw wrong(x, "(batch, C) or (batch, C, length)");
    }
  }
}
