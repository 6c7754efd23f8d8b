package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/**
 * Sums along the innermost dimension: inputs values (…, m) and integers (…, m) below {@code size};
 * the result (…, size) has at […, k] the sum of the values whose integer is k. It is the adjoint of
 * {@link GatherAlong}.
 */
public record ScatterAlong(int size) implements Op {
  @Override
  public Shape shape(Node[] inputs) {
    return inputs[0].shape().with(inputs[0].shape().rank() - 1, size);
  }

  @Override
  public DType dtype(Node[] inputs) {
    return DType.FLOAT32;
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    return new @Nullable Node[] {Node.of(new GatherAlong(), dOut, out.input(1)), null};
  }

  @Override
  public @Nullable Node simplify(Node[] inputs) {
    return inputs[1].shape().elements() == 0 ? BroadcastTo.zeros(shape(inputs)) : null;
  }

  @Override
  public Node decompose(Node[] inputs) {
    Shape x = inputs[0].shape();
    Node hot = Node.of(new OneHot(size, Integer.MIN_VALUE), inputs[1]); // (…, m, size)
    Node each = Reshape.of(inputs[0], inserted(x, x.rank()));
    Node added = Node.of(Pointwise.WHERE, hot, each, Pointwise.constant(0));
    return Reduce.sum(added, false, -2);
  }

  /** Returns {@code s} with a dimension of size 1 before dimension {@code axis}. */
  static Shape inserted(Shape s, int axis) {
    int[] d = new int[s.rank() + 1];
    for (int i = 0; i < d.length; i++) {
      d[i] = i == axis ? 1 : s.dim(i < axis ? i : i - 1);
    }
    return Shape.of(d);
  }
}
