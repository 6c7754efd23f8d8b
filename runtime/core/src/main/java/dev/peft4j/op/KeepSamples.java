package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Some samples of a batch: inputs x (batch, …) and a mask (batch), which is data; the result is x
 * where the mask is not 0, and 0 for the other samples. A linear layer of it computes the rows of
 * those samples alone ({@link SampleLinear}).
 */
public record KeepSamples() implements Op {
  /** Returns the samples of {@code x} at which {@code mask} is not 0, with zeros for the others. */
  public static Node of(Node x, Node mask) {
    return Node.of(new KeepSamples(), x, mask);
  }

  @Override
  public Shape shape(Node[] inputs) {
    Shape x = inputs[0].shape();
    requireMask(name(), x, inputs[1].shape());
    return x;
  }

  /** Throws if a mask does not have a number for each sample. */
  static void requireMask(String op, Shape x, Shape mask) {
    if (x.rank() < 1 || mask.rank() != 1 || mask.dim(0) != x.dim(0)) {
      throw new ShapeException(
          op
              + ": x of shape "
              + x
              + " and a mask of shape "
              + mask
              + ": needed (batch, …), (batch)");
    }
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    return new @Nullable Node[] {of(dOut, out.input(1)), null};
  }

  @Override
  public boolean mayOverwrite(int i, Shape input, Shape output) {
    return i == 0;
  }

  @Override
  public Node decompose(Node[] inputs) {
    return only(inputs[0], inputs[1]);
  }

  /** Returns the same by element-wise ops. */
  static Node only(Node x, Node mask) {
    int[] column = new int[x.shape().rank()];
    Arrays.fill(column, 1);
    column[0] = x.shape().dim(0);
    return Node.of(
        Pointwise.MASKED_FILL, BroadcastTo.zeros(x.shape()), Reshape.of(mask, Shape.of(column)), x);
  }
}
