package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.SumTo;
import org.jspecify.annotations.Nullable;

/**
 * x · Wᵀ + b for x (…, in), W (out, in) and, if there is a third input, b (out): torch's {@code
 * F.linear}.
 */
public record LinearOp() implements Op {
  /** Returns x · Wᵀ, plus {@code bias} unless it is null. */
  public static Node of(Node x, Node weight, @Nullable Node bias) {
    return bias == null
        ? Node.of(new LinearOp(), x, weight)
        : Node.of(new LinearOp(), x, weight, bias);
  }

  @Override
  public String name() {
    return "linear";
  }

  @Override
  public Shape shape(Node[] inputs) {
    Shape x = inputs[0].shape();
    Shape w = inputs[1].shape();
    if (w.rank() != 2) {
      throw new ShapeException("linear: the weight has shape " + w + ", needed (out, in)");
    }
    if (x.rank() < 1 || x.dim(-1) != w.dim(1)) {
      throw new ShapeException(
          "linear: input of shape "
              + x
              + " and weight of shape "
              + w
              + ": the input's last dimension must be "
              + w.dim(1));
    }
    if (inputs.length == 3 && !inputs[2].shape().equals(Shape.of(w.dim(0)))) {
      throw new ShapeException(
          "linear: bias of shape "
              + inputs[2].shape()
              + " and weight of shape "
              + w
              + ": the bias must be ("
              + w.dim(0)
              + ",)");
    }
    return x.with(-1, w.dim(0));
  }

  @Override
  public long flops(Shape[] inputs, Shape output) {
    return 2 * output.elements() * inputs[1].dim(1);
  }

  @Override
  public int @Nullable [] partAxes(Node[] inputs, Shape out, int axis) {
    if (axis == out.rank() - 1) {
      return null;
    }
    return inputs.length == 3 ? new int[] {axis, -1, -1} : new int[] {axis, -1};
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    @Nullable Node[] grads = new @Nullable Node[out.inputs().length];
    Node x = out.input(0);
    Node w = out.input(1);
    Node g = Reshape.rows(dOut);
    if (x.requiresGrad()) {
      Node rows = dOut.shape().rank() == 1 ? g : dOut;
      grads[0] = Reshape.of(MatMul.of(rows, false, w, false), x.shape());
    }
    if (w.requiresGrad()) {
      grads[1] = MatMul.of(g, true, Reshape.rows(x), false);
    }
    if (grads.length == 3 && out.input(2).requiresGrad()) {
      grads[2] = SumTo.of(dOut, out.input(2).shape());
    }
    return grads;
  }

  /**
   * Returns zeros for products over a dimension of size 0, and the products of some samples alone
   * where the input has only those.
   */
  @Override
  public @Nullable Node simplify(Node[] inputs) {
    if (inputs[1].shape().dim(1) > 0) {
      Node mask = inputs.length == 2 ? SampleLinear.mask(inputs[0]) : null;
      Node x = inputs[0].op() instanceof KeepSamples ? inputs[0].input(0) : inputs[0];
      return mask == null || x.shape().rank() < 2 ? null : SampleLinear.of(x, inputs[1], mask);
    }
    Shape out = shape(inputs);
    return inputs.length == 3 ? BroadcastTo.of(inputs[2], out) : BroadcastTo.zeros(out);
  }

  @Override
  public Node decompose(Node[] inputs) {
    Node y = MatMul.of(Reshape.rows(inputs[0]), false, inputs[1], true);
    y = inputs.length == 3 ? Pointwise.add(y, inputs[2]) : y;
    return Reshape.of(y, shape(inputs));
  }
}
