package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A concatenation of inputs along a dimension; all other sizes must agree. */
public record Concat(int axis) implements Op {
  /** Concatenates along an axis; a negative axis counts from the end. */
  public static Node of(int axis, Node... inputs) {
    if (inputs.length == 0) {
      throw new ShapeException("concat: needs at least one tensor");
    }
    return Node.of(new Concat(inputs[0].shape().axis("concat", axis)), inputs);
  }

  @Override
  public Shape shape(Node[] inputs) {
    Shape first = inputs[0].shape();
    long n = 0;
    for (Node x : inputs) {
      if (x.shape().rank() != first.rank()
          || !x.shape().with(axis, 0).equals(first.with(axis, 0))
          || x.dtype() != inputs[0].dtype()) {
        throw new ShapeException(
            "concat: "
                + first
                + " "
                + inputs[0].dtype()
                + " and "
                + x.shape()
                + " "
                + x.dtype()
                + " must agree in type and in all dimensions but "
                + axis);
      }
      n += x.shape().dim(axis);
    }
    if (n > Integer.MAX_VALUE) {
      throw new ShapeException(
          "concat: " + n + " along dimension " + axis + ", at most " + Integer.MAX_VALUE);
    }
    return first.with(axis, (int) n);
  }

  @Override
  public DType dtype(Node[] inputs) {
    return inputs[0].dtype();
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    @Nullable Node[] grads = new @Nullable Node[out.inputs().length];
    int at = 0;
    for (int i = 0; i < grads.length; i++) {
      int n = out.input(i).shape().dim(axis);
      grads[i] = out.input(i).requiresGrad() ? Slice.of(dOut, axis, at, at + n) : null;
      at += n;
    }
    return grads;
  }

  @Override
  public @Nullable Node simplify(Node[] inputs) {
    if (inputs.length == 1) {
      return inputs[0];
    }
    Node[] full = Arrays.stream(inputs).filter(x -> x.shape().dim(axis) > 0).toArray(Node[]::new);
    return full.length == inputs.length || full.length == 0 ? null : Node.of(this, full);
  }
}
