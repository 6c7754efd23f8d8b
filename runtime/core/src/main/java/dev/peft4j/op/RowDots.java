package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.SumTo;
import org.jspecify.annotations.Nullable;

/**
 * Dot products of rows of two tables: inputs a (p, n), b (q, n), and integers (k) that say which
 * row of a, and which of b; the result is (k). The gradient of a {@link SparseProduct}'s values.
 */
public record RowDots() implements Op {
  /** Returns the dot products. */
  public static Node of(Node a, Node b, Node ofA, Node ofB) {
    return Node.of(new RowDots(), a, b, ofA, ofB);
  }

  @Override
  public Shape shape(Node[] inputs) {
    Shape a = inputs[0].shape();
    Shape b = inputs[1].shape();
    Shape ids = inputs[2].shape();
    boolean fits =
        a.rank() == 2
            && b.rank() == 2
            && a.dim(1) == b.dim(1)
            && ids.rank() == 1
            && inputs[3].shape().equals(ids);
    if (!fits || !inputs[2].dtype().isInteger() || !inputs[3].dtype().isInteger()) {
      throw new ShapeException(
          "row dots: tables "
              + a
              + " and "
              + b
              + ", ids "
              + ids
              + " and "
              + inputs[3].shape()
              + ": needed (p, n), (q, n), and integers (k) twice");
    }
    return ids;
  }

  @Override
  public DType dtype(Node[] inputs) {
    return DType.FLOAT32;
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    Node a = out.input(0);
    Node b = out.input(1);
    Node ofA = out.input(2);
    Node ofB = out.input(3);
    return new @Nullable Node[] {
      a.requiresGrad() ? SparseProduct.of(a.shape().dim(0), b, dOut, ofA, ofB) : null,
      b.requiresGrad() ? SparseProduct.of(b.shape().dim(0), a, dOut, ofB, ofA) : null,
      null,
      null
    };
  }

  @Override
  public Node decompose(Node[] inputs) {
    Node products = Pointwise.mul(Gather.of(inputs[0], inputs[2]), Gather.of(inputs[1], inputs[3]));
    int k = inputs[2].shape().dim(0);
    return Reshape.of(SumTo.of(products, Shape.of(k, 1)), Shape.of(k));
  }
}
