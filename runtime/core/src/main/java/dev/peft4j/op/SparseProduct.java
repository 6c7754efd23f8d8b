package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/**
 * The product of a sparse matrix (rows, width) and x: inputs x (width, n), values (k), and for each
 * value its row and its column, integers (k); the result is (rows, n). Values at one place add up.
 */
public record SparseProduct(int rows) implements Op {
  /** Returns the product. */
  public static Node of(int rows, Node x, Node values, Node rowIds, Node columnIds) {
    return Node.of(new SparseProduct(rows), x, values, rowIds, columnIds);
  }

  @Override
  public Shape shape(Node[] inputs) {
    Shape x = inputs[0].shape();
    Shape values = inputs[1].shape();
    boolean fits =
        x.rank() == 2
            && values.rank() == 1
            && inputs[2].shape().equals(values)
            && inputs[3].shape().equals(values);
    if (!fits || !inputs[2].dtype().isInteger() || !inputs[3].dtype().isInteger()) {
      throw new ShapeException(
          "sparse product: x "
              + x
              + ", values "
              + values
              + ", rows "
              + inputs[2].shape()
              + ", columns "
              + inputs[3].shape()
              + ": needed (width, n), (k), and integers (k) twice");
    }
    return Shape.of(rows, x.dim(1));
  }

  @Override
  public DType dtype(Node[] inputs) {
    return DType.FLOAT32;
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    Node x = out.input(0);
    Node values = out.input(1);
    Node rowIds = out.input(2);
    Node columnIds = out.input(3);
    return new @Nullable Node[] {
      x.requiresGrad() ? of(x.shape().dim(0), dOut, values, columnIds, rowIds) : null,
      values.requiresGrad() ? RowDots.of(dOut, x, rowIds, columnIds) : null,
      null,
      null
    };
  }

  @Override
  public Node decompose(Node[] inputs) {
    int k = inputs[1].shape().dim(0);
    Node each =
        Pointwise.mul(Gather.of(inputs[0], inputs[3]), Reshape.of(inputs[1], Shape.of(k, 1)));
    return Node.of(new ScatterAdd(rows), each, inputs[2]);
  }
}
