package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/** The logarithm of the softmax over the innermost dimension. */
public record LogSoftmax() implements Op {
  /** Returns the log-softmax over any axis. */
  public static Node of(Node x, int axis) {
    return Softmax.overAxis("logSoftmax", new LogSoftmax(), x, axis);
  }

  @Override
  public Shape shape(Node[] inputs) {
    return Softmax.rowWise("logSoftmax", inputs);
  }

  @Override
  public int @Nullable [] partAxes(Node[] inputs, Shape out, int axis) {
    return axis == out.rank() - 1 ? null : new int[] {axis};
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    Node p = Node.of(Pointwise.EXP, out);
    return new @Nullable Node[] {Pointwise.sub(dOut, Pointwise.mul(p, Reduce.sum(dOut, true, -1)))};
  }

  @Override
  public Node decompose(Node[] inputs) {
    Node x = Pointwise.sub(inputs[0], Reduce.max(inputs[0], true, -1));
    return Pointwise.sub(
        x, Node.of(Pointwise.LOG, Reduce.sum(Node.of(Pointwise.EXP, x), true, -1)));
  }

  @Override
  public boolean mayOverwrite(int i, Shape input, Shape output) {
    return true;
  }
}
