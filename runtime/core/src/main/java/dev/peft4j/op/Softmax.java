package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/** Softmax over the innermost dimension. */
public record Softmax() implements Op {
  /** Returns the softmax over any axis. */
  public static Node of(Node x, int axis) {
    return overAxis("softmax", new Softmax(), x, axis);
  }

  static Node overAxis(String name, Op op, Node x, int axis) {
    if (x.shape().axis(name, axis) == x.shape().rank() - 1) {
      return Node.of(op, x);
    }
    return Permute.transpose(Node.of(op, Permute.transpose(x, axis, -1)), axis, -1);
  }

  static Shape rowWise(String name, Node[] inputs) {
    if (inputs[0].shape().rank() == 0 || inputs[0].shape().dim(-1) == 0) {
      throw new ShapeException(
          name + ": shape " + inputs[0].shape() + " has no innermost dimension to work along");
    }
    return inputs[0].shape();
  }

  @Override
  public Shape shape(Node[] inputs) {
    return rowWise("softmax", inputs);
  }

  @Override
  public int @Nullable [] partAxes(Node[] inputs, Shape out, int axis) {
    return axis == out.rank() - 1 ? null : new int[] {axis};
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    return new @Nullable Node[] {Node.of(new SoftmaxGrad(), out, dOut)};
  }

  @Override
  public Node decompose(Node[] inputs) {
    Node e = Node.of(Pointwise.EXP, Pointwise.sub(inputs[0], Reduce.max(inputs[0], true, -1)));
    return Node.of(Pointwise.DIV, e, Reduce.sum(e, true, -1));
  }

  @Override
  public boolean mayOverwrite(int i, Shape input, Shape output) {
    return true;
  }
}
