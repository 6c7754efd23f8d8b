package dev.peft4j.tensor;

import dev.peft4j.op.Scans;
import dev.peft4j.op.Statistics;

/** Statistics along axes. Where no axis is named, all are meant. */
public sealed interface StatisticOps extends ReductionOps permits Tensor {
  /**
   * Returns the smallest element over {@code axes}; equal ones share the gradient ({@code amin}).
   */
  default Tensor min(int... axes) {
    return Tensor.self(this).neg().max(axes).neg();
  }

  /** Returns {@link #min}; the reduced dimensions are kept with size 1. */
  default Tensor minKeep(int... axes) {
    return Tensor.self(this).neg().maxKeep(axes).neg();
  }

  /** Returns the product over {@code axes}. The gradient is right also where elements are 0. */
  default Tensor prod(int... axes) {
    return Tensor.of(Scans.product(node(), axes));
  }

  /**
   * Returns the variance over {@code axes}, divided by n - 1: torch's {@code var}, which is a
   * keyword in Kotlin.
   *
   * @throws dev.peft4j.data.ShapeException if n is less than 2
   */
  default Tensor variance(int... axes) {
    return variance(1, axes);
  }

  /**
   * Returns the variance over {@code axes}, divided by n - {@code correction}.
   *
   * @throws dev.peft4j.data.ShapeException if n is not greater than the correction
   */
  default Tensor variance(int correction, int[] axes) {
    return Tensor.of(Statistics.variance(node(), correction, axes));
  }

  /** Returns the standard deviation: the root of {@link #variance(int...)}. */
  default Tensor std(int... axes) {
    return Tensor.of(Statistics.root(variance(axes).node()));
  }

  /** Returns the Euclidean norm over {@code axes}; its gradient is 0 where it is 0. */
  default Tensor norm(int... axes) {
    return norm(2, axes);
  }

  /**
   * Returns the p-norm (Σ|x|ᵖ)^(1/p) over {@code axes}: torch's {@code linalg.vector_norm}.
   *
   * @param p any number but NaN; infinite for the largest or smallest |x|, 0 for the number of
   *     elements that are not 0
   */
  default Tensor norm(float p, int[] axes) {
    return Tensor.of(Statistics.norm(node(), p, axes));
  }

  /** Returns log Σ eˣ over {@code axes}, without overflow. */
  default Tensor logsumexp(int... axes) {
    return Tensor.of(Statistics.logSumExp(node(), axes));
  }

  /** Returns the sums of all elements up to each one, along an axis. */
  default Tensor cumsum(int axis) {
    return Tensor.of(Scans.cumulativeSum(node(), axis));
  }

  /**
   * Returns x · y / max(|x| · |y|, 1e-8) along an axis: torch's {@code F.cosine_similarity}.
   *
   * @param b broadcasts to this
   */
  default Tensor cosineSimilarity(Tensor b, int axis) {
    Tensor a = Tensor.self(this);
    Tensor lengths = a.norm(axis).clampMin(1e-8f).mul(b.norm(axis).clampMin(1e-8f));
    return a.mul(b).sum(axis).div(lengths);
  }
}
