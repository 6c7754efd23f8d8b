package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.graph.Node;
import java.util.Arrays;

/** Repeats, reversals, shifts and triangles, from simpler ops. */
public final class Moves {
  private Moves() {}

  /** Returns {@code s} without dimensions of size 1. */
  public static Shape squeezed(Shape s) {
    return Shape.of(Arrays.stream(s.toArray()).filter(d -> d != 1).toArray());
  }

  /** Returns {@code s} without dimension {@code axis}. */
  public static Shape removed(Shape s, int axis) {
    int[] d = new int[s.rank() - 1];
    for (int i = 0; i < d.length; i++) {
      d[i] = s.dim(i < axis ? i : i + 1);
    }
    return Shape.of(d);
  }

  /** Returns {@code s} with a dimension of size 1 at {@code axis} of the result. */
  public static Shape inserted(Shape s, int axis) {
    int rank = s.rank() + 1;
    int a = axis < 0 ? axis + rank : axis;
    if (a < 0 || a >= rank) {
      throw new ShapeException(
          "unsqueeze: axis " + axis + " of a result of rank " + rank + " (from " + s + ")");
    }
    return ScatterAlong.inserted(s, a);
  }

  /** Returns {@code target} with its -1 replaced by the sizes of {@code s}. */
  public static Shape expanded(Shape s, int[] target) {
    int[] d = target.clone();
    for (int i = 0; i < d.length; i++) {
      int own = i - (d.length - s.rank());
      if (d[i] == -1) {
        if (own < 0) {
          throw new ShapeException(
              "expand: -1 for new dimension " + i + " of " + Arrays.toString(target));
        }
        d[i] = s.dim(own);
      }
    }
    return Shape.of(d);
  }

  /** Returns {@code times[i]} copies along dimension i of the result. */
  public static Node repeat(Node x, int... times) {
    int rank = times.length;
    int front = rank - x.shape().rank();
    if (front < 0 || Arrays.stream(times).anyMatch(t -> t < 0)) {
      throw new ShapeException(
          "repeat: "
              + Arrays.toString(times)
              + " times for shape "
              + x.shape()
              + ": needed a number that is not negative for each dimension");
    }
    int[] apart = new int[2 * rank];
    int[] repeated = new int[2 * rank];
    int[] joined = new int[rank];
    for (int i = 0; i < rank; i++) {
      int size = i < front ? 1 : x.shape().dim(i - front);
      apart[2 * i] = 1;
      apart[2 * i + 1] = size;
      repeated[2 * i] = times[i];
      repeated[2 * i + 1] = size;
      if ((long) times[i] * size > Integer.MAX_VALUE) {
        throw new ShapeException(
            "repeat: "
                + times[i]
                + " times dimension "
                + i
                + " of size "
                + size
                + ", at most "
                + Integer.MAX_VALUE);
      }
      joined[i] = times[i] * size;
    }
    Node wide = BroadcastTo.of(Reshape.of(x, Shape.of(apart)), Shape.of(repeated));
    return Reshape.of(wide, Shape.of(joined));
  }

  /** Returns elements in reverse order along {@code axes}. */
  public static Node flip(Node x, int... axes) {
    Node y = x;
    for (int axis : axes) {
      int a = x.shape().axis("flip", axis);
      int n = x.shape().dim(a);
      if (n < 2) {
        continue;
      }
      if (x.dtype() == DType.FLOAT32) {
        int[] ids = new int[n];
        Arrays.setAll(ids, i -> n - 1 - i);
        y = Indexing.select(y, a, Node.data(Storage.of(ids), Shape.of(n)));
      } else {
        Node[] parts = new Node[n];
        for (int i = 0; i < n; i++) {
          parts[i] = Slice.of(y, a, n - 1 - i, n - i);
        }
        y = Concat.of(a, parts);
      }
    }
    return y;
  }

  /** Returns elements moved by {@code shift} along an axis. */
  public static Node roll(Node x, int shift, int axis) {
    int a = x.shape().axis("roll", axis);
    int n = x.shape().dim(a);
    int by = n == 0 ? 0 : Math.floorMod(shift, n);
    return by == 0 ? x : Concat.of(a, Slice.of(x, a, n - by, n), Slice.of(x, a, 0, n - by));
  }

  /** Returns the lower or upper triangle of matrices; everything outside becomes 0, NaN too. */
  public static Node triangle(Node x, int diagonal, boolean lower) {
    Shape s = x.shape();
    if (s.rank() < 2) {
      throw new ShapeException(
          (lower ? "tril" : "triu") + ": shape " + s + ", needed matrices (…, rows, columns)");
    }
    if (s.elements() == 0) {
      return x;
    }
    int columns = s.dim(-1);
    float[] kept = new float[s.dim(-2) * columns];
    for (int i = 0; i < kept.length; i++) {
      int behind = i % columns - i / columns; // columns behind the main diagonal
      kept[i] = (lower ? behind <= diagonal : behind >= diagonal) ? 1 : 0;
    }
    Node mask = Node.data(Storage.of(kept), Shape.of(s.dim(-2), columns));
    return Node.of(Pointwise.WHERE, mask, x, Pointwise.constant(0));
  }
}
