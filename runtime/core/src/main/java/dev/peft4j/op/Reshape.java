package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/** The same elements in the same order with another shape. */
public record Reshape(Shape target) implements Op {
  /** Returns {@code x} with the shape {@code target}. */
  public static Node of(Node x, Shape target) {
    return x.shape().equals(target) ? x : Node.of(new Reshape(target), x);
  }

  /** Returns {@code x} with another shape; one size may be -1 and follows from the others. */
  public static Node of(Node x, int... dims) {
    int[] d = dims.clone();
    int open = -1;
    long rest = 1;
    for (int i = 0; i < d.length; i++) {
      if (d[i] == -1 && open < 0) {
        open = i;
      } else {
        rest *= d[i];
      }
    }
    if (open >= 0) {
      if (rest <= 0 || x.shape().elements() % rest != 0) {
        throw new ShapeException(
            "reshape: shape "
                + x.shape()
                + " does not divide into "
                + java.util.Arrays.toString(dims));
      }
      d[open] = (int) (x.shape().elements() / rest);
    }
    return of(x, Shape.of(d));
  }

  /**
   * Returns {@code x} as a matrix of its rows along the innermost dimension, which may have size 0.
   */
  static Node rows(Node x) {
    return of(x, Shape.of(x.shape().rows(), x.shape().columns()));
  }

  @Override
  public Shape shape(Node[] inputs) {
    if (inputs[0].shape().elements() != target.elements()) {
      throw new ShapeException(
          "reshape: shape "
              + inputs[0].shape()
              + " has "
              + inputs[0].shape().elements()
              + " elements, the new shape "
              + target
              + " has "
              + target.elements());
    }
    return target;
  }

  @Override
  public DType dtype(Node[] inputs) {
    return inputs[0].dtype();
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    return new @Nullable Node[] {of(dOut, out.input(0).shape())};
  }

  @Override
  public @Nullable Node simplify(Node[] inputs) {
    if (inputs[0].shape().equals(target)) {
      return inputs[0];
    }
    return inputs[0].op() instanceof Reshape ? of(inputs[0].input(0), target) : null;
  }

  @Override
  public long viewOffset(Shape input, Shape output) {
    return 0;
  }
}
