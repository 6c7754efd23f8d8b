package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.IndexException;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/**
 * Elements along the innermost dimension: inputs x (…, n) and integers (…, m) below n; the result
 * (…, m) has x[…, index[…, j]] at […, j].
 */
public record GatherAlong() implements Op {
  @Override
  public Shape shape(Node[] inputs) {
    return inputs[1].shape();
  }

  @Override
  public DType dtype(Node[] inputs) {
    return DType.FLOAT32;
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    int n = out.input(0).shape().dim(-1);
    return new @Nullable Node[] {Node.of(new ScatterAlong(n), dOut, out.input(1)), null};
  }

  @Override
  public Node decompose(Node[] inputs) {
    Shape x = inputs[0].shape();
    Node hot = Node.of(new OneHot(x.dim(-1), Integer.MIN_VALUE), inputs[1]); // (…, m, n)
    Node each = Reshape.of(inputs[0], ScatterAlong.inserted(x, x.rank() - 1));
    Node chosen = Node.of(Pointwise.WHERE, hot, each, Pointwise.constant(0));
    return Reduce.sum(chosen, false, -1);
  }

  /** Returns the exception for a position that is out of range; backends share it. */
  public static IndexException outOfRange(long id, long position, int n) {
    return new IndexException(
        "gather: index "
            + id
            + " at position "
            + position
            + " is out of range for a dimension of "
            + n
            + " (0 to "
            + (n - 1)
            + ")");
  }
}
