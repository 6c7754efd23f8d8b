package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.graph.Node;

/** Lookups along any axis, made from those along the innermost one. */
public final class Indexing {
  private Indexing() {}

  /** Returns elements of {@code x} along an axis: torch's {@code gather}. */
  public static Node gather(Node x, int axis, Node index) {
    int a = x.shape().axis("gather", axis);
    check("gather", x, index, a);
    return last(Node.of(new GatherAlong(), last(x, a), last(index, a)), a);
  }

  /** Returns {@code x} with {@code source} added along an axis. */
  public static Node scatterAdd(Node x, int axis, Node index, Node source) {
    int a = x.shape().axis("scatterAdd", axis);
    return Pointwise.add(x, scattered("scatterAdd", x, a, index, source));
  }

  /** Returns {@code x} with elements replaced along an axis. */
  public static Node scatter(Node x, int axis, Node index, Node source) {
    int a = x.shape().axis("scatter", axis);
    Node one = BroadcastTo.of(Pointwise.constant(1), index.shape());
    Node count = scattered("scatter", x, a, index, one);
    Node mean = Node.of(Pointwise.DIV, scattered("scatter", x, a, index, source), count);
    return Node.of(Pointwise.WHERE, count, mean, x);
  }

  private static Node scattered(String name, Node x, int axis, Node index, Node source) {
    check(name, x, index, axis);
    if (!index.shape().equals(source.shape())) {
      throw new ShapeException(
          name
              + ": index of shape "
              + index.shape()
              + " and source of shape "
              + source.shape()
              + " must be equal");
    }
    ScatterAlong op = new ScatterAlong(x.shape().dim(axis));
    return last(Node.of(op, last(source, axis), last(index, axis)), axis);
  }

  /** Returns slices of {@code x} along an axis, by ids of rank 1. */
  public static Node select(Node x, int axis, Node ids) {
    int a = x.shape().axis("indexSelect", axis);
    if (ids.shape().rank() != 1) {
      throw new ShapeException("indexSelect: ids of shape " + ids.shape() + ", needed rank 1");
    }
    Node rows = Permute.transpose(x, 0, a);
    Shape s = rows.shape();
    int width = s.product(1, s.rank());
    Node chosen = Gather.of(Reshape.of(rows, Shape.of(s.dim(0), width)), ids);
    return Permute.transpose(Reshape.of(chosen, s.with(0, ids.shape().dim(0))), 0, a);
  }

  private static Node last(Node x, int axis) {
    return axis == x.shape().rank() - 1 ? x : Permute.transpose(x, axis, -1);
  }

  private static void check(String name, Node x, Node index, int axis) {
    Shape s = x.shape();
    boolean fits =
        index.shape().rank() == s.rank()
            && index.shape().with(axis, s.dim(axis)).equals(s)
            && index.dtype().isInteger();
    if (!fits || x.dtype() != DType.FLOAT32) {
      throw new ShapeException(
          name
              + ": "
              + x.dtype()
              + " "
              + s
              + " and index "
              + index.dtype()
              + " "
              + index.shape()
              + ": needed FLOAT32 and integers that agree in all dimensions but "
              + axis);
    }
  }
}
