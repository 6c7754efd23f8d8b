package dev.peft4j.tensor;

import dev.peft4j.graph.Node;
import dev.peft4j.op.LogSoftmax;
import dev.peft4j.op.Reduce;
import dev.peft4j.op.Softmax;

/**
 * The operations of a {@link Tensor} that work along axes. Where no axis is named, all are meant.
 */
public sealed interface ReductionOps permits StatisticOps {
  /** Returns the graph node that computes this tensor. */
  Node node();

  /** Returns the sum over {@code axes}, or over everything. */
  default Tensor sum(int... axes) {
    return Tensor.of(Reduce.sum(node(), false, axes));
  }

  /** Returns the mean over {@code axes}, or over everything. */
  default Tensor mean(int... axes) {
    return Tensor.of(Reduce.mean(node(), false, axes));
  }

  /**
   * Returns the largest element over {@code axes}, or over everything; equal ones share the
   * gradient (torch's {@code amax}).
   */
  default Tensor max(int... axes) {
    return Tensor.of(Reduce.max(node(), false, axes));
  }

  /** Returns {@link #sum}; the reduced dimensions are kept with size 1. */
  default Tensor sumKeep(int... axes) {
    return Tensor.of(Reduce.sum(node(), true, axes));
  }

  /** Returns {@link #mean}; the reduced dimensions are kept with size 1. */
  default Tensor meanKeep(int... axes) {
    return Tensor.of(Reduce.mean(node(), true, axes));
  }

  /** Returns {@link #max}; the reduced dimensions are kept with size 1. */
  default Tensor maxKeep(int... axes) {
    return Tensor.of(Reduce.max(node(), true, axes));
  }

  /** Returns the softmax along an axis. */
  default Tensor softmax(int axis) {
    return Tensor.of(Softmax.of(node(), axis));
  }

  /** Returns the logarithm of the softmax along an axis. */
  default Tensor logSoftmax(int axis) {
    return Tensor.of(LogSoftmax.of(node(), axis));
  }
}
