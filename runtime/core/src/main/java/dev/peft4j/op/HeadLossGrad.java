package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/**
 * A {@link HeadLoss} with its gradients, in one pass over the logits. The result is one row: the
 * gradients of the wanted inputs, one after another, then accuracy and entropy of the rows that
 * count if the loss is one with {@link HeadMetrics}, then the loss. Where no row counts the
 * gradients are 0.
 *
 * @param wanted bit {@code i} is set if the gradient of input {@code i} is wanted
 */
public record HeadLossGrad(HeadLoss loss, int wanted) implements Op {
  /** Returns whether the gradient of input {@code i} is wanted. */
  public boolean wants(int i) {
    return (wanted & 1 << i) != 0;
  }

  /** Returns the element of the result where the gradient of input {@code i} begins. */
  public long start(Shape[] inputs, int i) {
    long at = 0;
    for (int k = 1; k < i; k++) {
      at += wants(k) ? inputs[k].elements() : 0;
    }
    return at;
  }

  private static Shape[] shapes(Node[] inputs) {
    Shape[] s = new Shape[inputs.length];
    for (int i = 0; i < s.length; i++) {
      s[i] = inputs[i].shape();
    }
    return s;
  }

  /** Returns the gradient of input {@code i} as a part of {@code all}, this op's result. */
  Node part(Node all, int i) {
    int from = (int) start(shapes(all.inputs()), i);
    Shape s = all.input(i).shape();
    return Reshape.of(Slice.of(all, 0, from, from + s.size()), s);
  }

  /** Returns the loss as a part of {@code all}, this op's result. */
  Node loss(Node all) {
    int n = all.shape().dim(0);
    return Reshape.of(Slice.of(all, 0, n - 1, n), Shape.SCALAR);
  }

  /** Returns the metrics as a part of {@code all}, this op's result. */
  @Nullable Node metrics(Node all) {
    int n = all.shape().dim(0);
    return loss.metrics() ? Slice.of(all, 0, n - HeadMetrics.VALUES, n) : null;
  }

  @Override
  public Shape shape(Node[] inputs) {
    loss.check(inputs);
    int more = loss.metrics() ? HeadMetrics.VALUES : 1;
    long n = start(shapes(inputs), inputs.length) + more;
    if (n > Integer.MAX_VALUE) {
      throw new ShapeException(
          "headLoss: its gradients have " + n + " elements, more than a tensor can hold");
    }
    return Shape.of((int) n);
  }

  @Override
  public DType dtype(Node[] inputs) {
    return DType.FLOAT32;
  }

  @Override
  public long flops(Shape[] inputs, Shape output) {
    long sum = loss.flops(inputs, output);
    for (int p = 0; p < loss.pairs(); p++) {
      long product = 2 * inputs[HeadLoss.x(p)].elements() * inputs[HeadLoss.weight(p)].dim(0);
      sum += wants(HeadLoss.x(p)) ? product : 0;
      sum += wants(HeadLoss.weight(p)) ? product : 0;
    }
    return sum;
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    throw new UnsupportedOperationException("second derivatives of headLoss");
  }

  @Override
  public Node decompose(Node[] inputs) {
    return new HeadLossParts(loss, inputs).all(this);
  }
}
