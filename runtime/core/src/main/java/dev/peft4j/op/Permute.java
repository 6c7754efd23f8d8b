package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A permutation of dimensions: dimension i of the result is dimension {@code order[i]} of the
 * input.
 */
public record Permute(List<Integer> order) implements Op {
  /** Returns {@code x} with its dimensions in the given order. */
  public static Node of(Node x, List<Integer> order) {
    return Node.of(new Permute(List.copyOf(order)), x);
  }

  /** Returns {@code x} with two dimensions exchanged. */
  public static Node transpose(Node x, int a, int b) {
    int i = x.shape().axis("transpose", a);
    int j = x.shape().axis("transpose", b);
    List<Integer> order = new ArrayList<>();
    for (int k = 0; k < x.shape().rank(); k++) {
      order.add(k == i ? j : k == j ? i : k);
    }
    return of(x, order);
  }

  /** Returns whether this exchanges the two innermost dimensions and leaves the others. */
  boolean swapsLastTwo() {
    int n = order.size();
    if (n < 2 || order.get(n - 1) != n - 2 || order.get(n - 2) != n - 1) {
      return false;
    }
    for (int i = 0; i < n - 2; i++) {
      if (order.get(i) != i) {
        return false;
      }
    }
    return true;
  }

  @Override
  public Shape shape(Node[] inputs) {
    Shape s = inputs[0].shape();
    int[] d = new int[order.size()];
    boolean[] seen = new boolean[s.rank()];
    boolean valid = d.length == s.rank();
    for (int i = 0; valid && i < d.length; i++) {
      int k = order.get(i);
      valid = k >= 0 && k < d.length && !seen[k];
      if (valid) {
        seen[k] = true;
        d[i] = s.dim(k);
      }
    }
    if (!valid) {
      throw new ShapeException(
          "permute: " + order + " is not an order of the dimensions of shape " + s);
    }
    return Shape.of(d);
  }

  @Override
  public DType dtype(Node[] inputs) {
    return inputs[0].dtype();
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    List<Integer> inverse = new ArrayList<>();
    for (int i = 0; i < order.size(); i++) {
      inverse.add(order.indexOf(i));
    }
    return new @Nullable Node[] {of(dOut, inverse)};
  }

  @Override
  public @Nullable Node simplify(Node[] inputs) {
    boolean identity = true;
    for (int i = 0; i < order.size(); i++) {
      identity &= order.get(i) == i;
    }
    if (identity) {
      return inputs[0];
    }
    if (inputs[0].op() instanceof Permute p) {
      List<Integer> joined = new ArrayList<>();
      for (int i : order) {
        joined.add(p.order.get(i));
      }
      return of(inputs[0].input(0), joined);
    }
    return null;
  }
}
