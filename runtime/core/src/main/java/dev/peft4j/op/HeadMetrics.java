package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/**
 * The metrics (3) of the rows that count in a {@link HeadLoss} of the same inputs: the part of them
 * whose largest logit is that of the label, the mean entropy of their probabilities in nats, and
 * the loss. In a training step it is a part of what {@link HeadLossGrad} computes. It has no
 * gradient.
 */
public record HeadMetrics(HeadLoss loss) implements Op {
  /** The number of values. */
  static final int VALUES = 3;

  /**
   * Returns the metrics of a loss.
   *
   * @param loss the result of a {@link HeadLoss} with metrics
   * @throws IllegalArgumentException if it is another op's, or has none
   */
  public static Node of(Node loss) {
    if (loss.op() instanceof HeadLoss op && op.metrics()) {
      return Node.of(new HeadMetrics(op), loss.inputs());
    }
    throw new IllegalArgumentException("headMetrics: needed a HeadLoss with metrics");
  }

  @Override
  public Shape shape(Node[] inputs) {
    loss.check(inputs);
    return Shape.of(VALUES);
  }

  @Override
  public DType dtype(Node[] inputs) {
    return DType.FLOAT32;
  }

  @Override
  public long flops(Shape[] inputs, Shape output) {
    return loss.flops(inputs, output);
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    throw new UnsupportedOperationException("headMetrics has no gradient");
  }

  @Override
  public @Nullable Node partOf(Node other) {
    return other.op() instanceof HeadLossGrad g && g.loss().equals(loss) ? g.metrics(other) : null;
  }

  @Override
  public Node decompose(Node[] inputs) {
    return new HeadLossParts(loss, inputs).metrics();
  }
}
