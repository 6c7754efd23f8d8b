package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/**
 * x · Wᵀ for some samples of a batch: inputs x (batch, …, in), W (out, in) and a mask (batch),
 * which is data; the result is 0 for samples at which the mask is 0. With an adapter for each
 * sample, each adapter's products cost what its own samples need.
 */
public record SampleLinear() implements Op {
  /** Returns the products of the samples of {@code x} at which {@code mask} is not 0. */
  public static Node of(Node x, Node weight, Node mask) {
    return Node.of(new SampleLinear(), x, weight, mask);
  }

  /** Returns the mask of the samples that {@code x} has, or null if it may have all of them. */
  static @Nullable Node mask(Node x) {
    return switch (x.op()) {
      case KeepSamples _ -> x.input(1);
      case SampleLinear _ -> x.input(2);
      default -> null;
    };
  }

  @Override
  public String name() {
    return "linear of samples";
  }

  @Override
  public Shape shape(Node[] inputs) {
    Shape x = inputs[0].shape();
    KeepSamples.requireMask(name(), x, inputs[2].shape());
    if (x.rank() < 2) {
      throw new ShapeException(name() + ": x of shape " + x + ": needed (batch, …, in)");
    }
    return new LinearOp().shape(new Node[] {inputs[0], inputs[1]});
  }

  /** Counts all samples, though only those of the mask are computed. */
  @Override
  public long flops(Shape[] inputs, Shape output) {
    return 2 * output.elements() * inputs[1].dim(1);
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    Node own = KeepSamples.of(dOut, out.input(2));
    Node all = LinearOp.of(out.input(0), out.input(1), null);
    @Nullable Node[] grads = new LinearOp().gradient(all, own);
    return new @Nullable Node[] {grads[0], grads[1], null};
  }

  /** Returns zeros for products over a dimension of size 0. */
  @Override
  public @Nullable Node simplify(Node[] inputs) {
    return inputs[1].shape().dim(1) > 0 ? null : BroadcastTo.zeros(shape(inputs));
  }

  @Override
  public Node decompose(Node[] inputs) {
    return KeepSamples.only(LinearOp.of(inputs[0], inputs[1], null), inputs[2]);
  }
}
