package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.Decode;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/**
 * Rotary position embedding (Su et al. 2021): rotates pairs of the first r dimensions of each head
 * by angles that depend on the position; the dimensions after them pass unchanged. Inputs x (batch,
 * tokens, heads · d), the heads side by side, and a table (batch or 1, tokens, r) with r/2 cosines
 * and then r/2 sines for each token ({@link #table}). Pair i of a head is dimensions i and i + r/2,
 * or 2i and 2i + 1 if {@code interleaved}: (a, b) becomes (a · cos - b · sin, b · cos + a · sin).
 *
 * <p>The table is data, and has no gradient. The gradient for x is the rotation back, by the
 * negative angles.
 *
 * @param heads heads of x; divides its width
 * @param interleaved whether the dimensions of a pair are neighbours
 * @param inverse whether it rotates by the negative angles
 */
public record Rotary(int heads, boolean interleaved, boolean inverse) implements Op {
  /** Returns {@code x} rotated by the angles of a {@link #table}. */
  public static Node of(Node x, Node table, int heads, boolean interleaved) {
    return Node.of(new Rotary(heads, interleaved, false), x, table);
  }

  /**
   * Returns the cosines and sines of position · frequency, times {@code scale}: (batch or 1,
   * tokens, r).
   *
   * @param positions integers (batch, tokens) or (tokens), below 2²⁴
   * @param frequencies float32 (r/2), the angle of each pair at position 1
   */
  public static Node table(Node positions, Node frequencies, float scale) {
    Shape p = positions.shape();
    if (!positions.dtype().isInteger()
        || p.rank() == 0
        || p.rank() > 2
        || frequencies.shape().rank() != 1) {
      throw new ShapeException(
          "rotaryTable: positions of type "
              + positions.dtype()
              + " "
              + p
              + " and frequencies "
              + frequencies.shape()
              + ": needed integers (tokens) or (batch, tokens), and (r/2)");
    }
    Node at = Node.of(new Decode(), positions);
    at = Reshape.of(at, p.rank() == 1 ? 1 : p.dim(0), p.dim(-1), 1);
    Node angles = Pointwise.mul(at, frequencies);
    Node cos = Node.of(Pointwise.COS, angles);
    Node sin = Node.of(Pointwise.SIN, angles);
    return scale == 1
        ? Concat.of(-1, cos, sin)
        : Concat.of(-1, Pointwise.mul(cos, scale), Pointwise.mul(sin, scale));
  }

  @Override
  public Shape shape(Node[] inputs) {
    Shape x = inputs[0].shape();
    Shape t = inputs[1].shape();
    boolean fits =
        heads > 0
            && x.rank() == 3
            && t.rank() == 3
            && x.dim(2) % heads == 0
            && (t.dim(0) == x.dim(0) || t.dim(0) == 1)
            && t.dim(1) == x.dim(1)
            && t.dim(2) % 2 == 0
            && t.dim(2) <= x.dim(2) / heads;
    if (!fits) {
      throw new ShapeException(
          "rotary: x "
              + x
              + " and table "
              + t
              + " with "
              + heads
              + " heads: needed (batch, tokens, heads·d) and (batch or 1, tokens, r), r even and at"
              + " most d");
    }
    return x;
  }

  @Override
  public long flops(Shape[] inputs, Shape output) {
    return 3L * output.dim(0) * output.dim(1) * heads * inputs[1].dim(2);
  }

  @Override
  public int @Nullable [] partAxes(Node[] inputs, Shape out, int axis) {
    return switch (axis) {
      case 0 -> new int[] {0, inputs[1].shape().dim(0) == out.dim(0) ? 0 : -1};
      case 1 -> new int[] {1, 1};
      default -> null;
    };
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    if (out.input(1).requiresGrad()) {
      throw new UnsupportedOperationException("rotary: gradients for the table");
    }
    Node back = Node.of(new Rotary(heads, interleaved, !inverse), dOut, out.input(1));
    return new @Nullable Node[] {out.input(0).requiresGrad() ? back : null, null};
  }

  /** Returns {@code x} if nothing is rotated. */
  @Override
  public @Nullable Node simplify(Node[] inputs) {
    return inputs[1].shape().dim(2) == 0 ? inputs[0] : null;
  }

  @Override
  public Node decompose(Node[] inputs) {
    Shape s = inputs[0].shape();
    int half = inputs[1].shape().dim(2) / 2;
    int d = s.dim(2) / heads;
    Node x = Reshape.of(inputs[0], s.dim(0), s.dim(1), heads, d);
    Node cos = part(inputs[1], 0, half);
    Node sin = part(inputs[1], half, 2 * half);
    sin = inverse ? Node.of(Pointwise.NEG, sin) : sin;
    Node turned = Slice.of(x, -1, 0, 2 * half);
    Node a;
    Node b;
    if (interleaved) {
      Node pairs = Reshape.of(turned, s.dim(0), s.dim(1), heads, half, 2);
      Shape single = Shape.of(s.dim(0), s.dim(1), heads, half);
      a = Reshape.of(Slice.of(pairs, -1, 0, 1), single);
      b = Reshape.of(Slice.of(pairs, -1, 1, 2), single);
    } else {
      a = Slice.of(turned, -1, 0, half);
      b = Slice.of(turned, -1, half, 2 * half);
    }
    Node first = Pointwise.sub(Pointwise.mul(a, cos), Pointwise.mul(b, sin));
    Node second = Pointwise.add(Pointwise.mul(b, cos), Pointwise.mul(a, sin));
    if (interleaved) {
      Shape single = Shape.of(s.dim(0), s.dim(1), heads, half, 1);
      Node pairs = Concat.of(-1, Reshape.of(first, single), Reshape.of(second, single));
      turned = Reshape.of(pairs, s.dim(0), s.dim(1), heads, 2 * half);
    } else {
      turned = Concat.of(-1, first, second);
    }
    Node all = 2 * half == d ? turned : Concat.of(-1, turned, Slice.of(x, -1, 2 * half, d));
    return Reshape.of(all, s);
  }

  /** Some columns of the table, the same for all heads. */
  private static Node part(Node table, int from, int to) {
    Shape t = table.shape();
    return Reshape.of(Slice.of(table, -1, from, to), t.dim(0), t.dim(1), 1, to - from);
  }

  @Override
  public boolean mayOverwrite(int i, Shape input, Shape output) {
    return i == 0;
  }
}
