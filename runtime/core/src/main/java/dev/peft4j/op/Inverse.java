package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/**
 * The inverse of the matrices of the two innermost dimensions, (…, n, n). It is for matrices that
 * are well-conditioned, such as the identity plus a skew-symmetric matrix; that of a singular
 * matrix is not finite.
 */
public record Inverse() implements Op {
  /** Returns the inverse of each matrix. */
  public static Node of(Node x) {
    return Node.of(new Inverse(), x);
  }

  @Override
  public Shape shape(Node[] inputs) {
    Shape s = inputs[0].shape();
    if (s.rank() < 2 || s.dim(-1) != s.dim(-2)) {
      throw new ShapeException("inverse: shape " + s + ", needed square matrices (…, n, n)");
    }
    return s;
  }

  /** Returns −A⁻ᵀ · dA⁻¹ · A⁻ᵀ. */
  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    Node right = MatMul.of(dOut, false, out, true);
    return new @Nullable Node[] {Pointwise.mul(MatMul.of(out, true, right, false), -1)};
  }

  /** Returns the inverse by halves: that of the upper left block and of its Schur complement. */
  @Override
  public @Nullable Node decompose(Node[] inputs) {
    Node x = inputs[0];
    int n = x.shape().dim(-1);
    if (n <= 1) {
      return Node.of(Pointwise.DIV, Pointwise.constant(1), x);
    }
    int row = x.shape().rank() - 2;
    int column = row + 1;
    int h = n / 2;
    Node upper = Slice.of(x, row, 0, h);
    Node lower = Slice.of(x, row, h, n);
    Node b = Slice.of(upper, column, h, n);
    Node c = Slice.of(lower, column, 0, h);
    Node a = inverse(Slice.of(upper, column, 0, h));
    Node ab = MatMul.of(a, false, b, false);
    Node ca = MatMul.of(c, false, a, false);
    Node s = inverse(Pointwise.sub(Slice.of(lower, column, h, n), MatMul.of(c, false, ab, false)));
    Node abs = MatMul.of(ab, false, s, false);
    Node topLeft = Pointwise.add(a, MatMul.of(abs, false, ca, false));
    Node bottomLeft = Pointwise.mul(MatMul.of(s, false, ca, false), -1);
    return Concat.of(
        row, Concat.of(column, topLeft, Pointwise.mul(abs, -1)), Concat.of(column, bottomLeft, s));
  }

  private static Node inverse(Node x) {
    Node[] input = {x};
    Node made = new Inverse().decompose(input);
    return made == null ? x : made;
  }

  @Override
  public long flops(Shape[] inputs, Shape output) {
    return 2 * output.elements() * output.dim(-1);
  }
}
