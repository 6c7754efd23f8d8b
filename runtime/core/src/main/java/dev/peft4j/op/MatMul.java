package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.SumTo;
import org.jspecify.annotations.Nullable;

/**
 * The matrix product over the two innermost dimensions, either operand transposed; outer dimensions
 * broadcast. With a right operand of rank 2 and a left one that is not transposed, all rows of the
 * left one are treated as one matrix.
 */
public record MatMul(boolean transposeA, boolean transposeB) implements Op {
  /** Returns a · b; the operands are transposed first if requested. */
  public static Node of(Node a, boolean transposeA, Node b, boolean transposeB) {
    return Node.of(new MatMul(transposeA, transposeB), a, b);
  }

  /** Returns the number of rows of the result's matrices. */
  public int m(Shape a) {
    return a.dim(transposeA ? -1 : -2);
  }

  /** Returns the inner dimension. */
  public int k(Shape a) {
    return a.dim(transposeA ? -2 : -1);
  }

  /** Returns the number of columns of the result's matrices. */
  public int n(Shape b) {
    return b.dim(transposeB ? -2 : -1);
  }

  @Override
  public Shape shape(Node[] inputs) {
    Shape a = inputs[0].shape();
    Shape b = inputs[1].shape();
    if (a.rank() < 2 || b.rank() < 2) {
      throw new ShapeException(
          "matmul: shapes " + a + " and " + b + ": both need at least two dimensions");
    }
    if (k(a) != (transposeB ? b.dim(-1) : b.dim(-2))) {
      throw new ShapeException(
          "matmul: shapes "
              + a
              + (transposeA ? "ᵀ" : "")
              + " and "
              + b
              + (transposeB ? "ᵀ" : "")
              + ": the inner sizes "
              + k(a)
              + " and "
              + (transposeB ? b.dim(-1) : b.dim(-2))
              + " must be equal");
    }
    Shape batch = Shape.broadcast("matmul", outer(a), outer(b));
    int[] d = java.util.Arrays.copyOf(batch.toArray(), batch.rank() + 2);
    d[d.length - 2] = m(a);
    d[d.length - 1] = n(b);
    return Shape.of(d);
  }

  /** Returns the dimensions outside the matrices. */
  public static Shape outer(Shape s) {
    return Shape.of(java.util.Arrays.copyOf(s.toArray(), s.rank() - 2));
  }

  @Override
  public long flops(Shape[] inputs, Shape output) {
    return 2 * output.elements() * k(inputs[0]);
  }

  @Override
  public int @Nullable [] partAxes(Node[] inputs, Shape out, int axis) {
    boolean rows = !transposeA && inputs[1].shape().rank() == 2 && axis < out.rank() - 1;
    return rows ? new int[] {axis, -1} : null;
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node g) {
    Node a = out.input(0);
    Node b = out.input(1);
    Node da = null;
    Node db = null;
    if (a.requiresGrad()) {
      da = transposeA ? of(b, transposeB, g, true) : of(g, false, b, !transposeB);
      da = SumTo.of(da, a.shape());
    }
    if (b.requiresGrad()) {
      Node left = a;
      Node right = g;
      if (b.shape().rank() == 2 && a.shape().rank() > 2 && !transposeA) {
        left = Reshape.rows(a);
        right = Reshape.rows(g);
      }
      db = transposeB ? of(right, true, left, transposeA) : of(left, !transposeA, right, false);
      db = SumTo.of(db, b.shape());
    }
    return new @Nullable Node[] {da, db};
  }

  @Override
  public @Nullable Node simplify(Node[] inputs) {
    Node a = inputs[0];
    Node b = inputs[1];
    if (k(a.shape()) == 0) {
      return BroadcastTo.zeros(shape(inputs));
    }
    if (a.op() instanceof Permute p && p.swapsLastTwo()) {
      return of(a.input(0), !transposeA, b, transposeB);
    }
    if (a.op() instanceof Pad p
        && !transposeA
        && b.shape().rank() == 2
        && p.axis() < a.shape().rank() - 1) {
      return Node.of(p, Node.of(this, a.input(0), b));
    }
    if (b.op() instanceof Permute p && p.swapsLastTwo()) {
      return of(a, transposeA, b.input(0), !transposeB);
    }
    return factorLast(inputs);
  }

  /** Applies a constant factor of an operand to the result instead where that is smaller. */
  private @Nullable Node factorLast(Node[] inputs) {
    for (int i = 0; i < inputs.length; i++) {
      Node in = inputs[i];
      Node product = in.op() instanceof Reshape ? in.input(0) : in;
      if (product.op() instanceof Elementwise e
          && e.isFactor()
          && shape(inputs).elements() < in.shape().elements()) {
        Node[] plain = inputs.clone();
        plain[i] = in == product ? product.input(0) : Reshape.of(product.input(0), in.shape());
        return Node.of(e, Node.of(this, plain));
      }
    }
    return null;
  }
}
