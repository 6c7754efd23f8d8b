package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** {@link BatchNorm} over (batch, channels, height, width): torch's {@code BatchNorm2d}. */
public final class BatchNorm2d extends BatchNorm {
  /** Normalises with eps 1e-5 and momentum 0.1. */
  public BatchNorm2d(int channels) {
    this(channels, 1e-5f, 0.1f, true, true);
  }

  /** Normalises with scale, shift and running statistics. */
  public BatchNorm2d(int channels, float eps, @Nullable Float momentum) {
    this(channels, eps, momentum, true, true);
  }

  /**
   * Normalises.
   *
   * @param eps is added to the variance
   * @param momentum the part of the batch's statistics in the running ones; null takes the mean
   *     over all batches, torch's {@code None}
   * @param affine whether there are a scale and a shift to be trained
   * @param trackRunningStats whether there are running statistics; without, evaluation mode takes
   *     the batch's, too
   * @throws IllegalArgumentException if a number is out of range
   */
  public BatchNorm2d(
      int channels,
      float eps,
      @Nullable Float momentum,
      boolean affine,
      boolean trackRunningStats) {
    super(channels, eps, momentum, affine, trackRunningStats);
  }

  @Override
  void requireRank(Tensor x) {
    if (x.shape().rank() != 4 || x.dim(1) != channels()) {
      throw wrong(x, "(batch, C, height, width)");
    }
  }
}
