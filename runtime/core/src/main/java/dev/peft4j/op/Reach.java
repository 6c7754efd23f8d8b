package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.graph.Decode;
import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Scalar;
import dev.peft4j.graph.Scalar.Fn2;

/** Which keys a query of an {@link Attention} sees, as an additive mask. */
final class Reach {
  private static final Scalar KEY = Scalar.input(0);

  /** 0 where from ≤ key &lt; to, else minus infinity; inputs key, from, to. */
  private static final Elementwise WITHIN =
      new Elementwise(
          "within",
          3,
          Scalar.select(
              new Scalar.Binary(Fn2.GE, KEY, Scalar.input(1)),
              Scalar.select(
                  new Scalar.Binary(Fn2.GT, Scalar.input(2), KEY),
                  Scalar.of(0),
                  Scalar.of(Float.NEGATIVE_INFINITY)),
              Scalar.of(Float.NEGATIVE_INFINITY)));

  private Reach() {}

  /** Returns the mask, of a shape that broadcasts to (batch, 1, queries, keys). */
  static Node mask(Attention op, Node[] inputs) {
    int queries = inputs[0].shape().dim(1);
    int keys = inputs[1].shape().dim(1);
    Node place = Pointwise.add(Arange.of(queries, 1), keys - queries);
    Node from = Pointwise.constant(0);
    Node to = Pointwise.constant(keys);
    if (op.ranged()) {
      Node given = Node.of(new Decode(), inputs[inputs.length - 1]);
      Shape r = given.shape();
      if (r.rank() == 1) {
        Node first = Reshape.of(given, r.dim(0), 1, 1, 1);
        place = Pointwise.add(first, Arange.of(queries, 1));
        to = Pointwise.add(first, queries);
      } else {
        from = Reshape.of(Slice.of(given, 2, 0, 1), r.dim(0), 1, queries, 1);
        to = Reshape.of(Slice.of(given, 2, 1, 2), r.dim(0), 1, queries, 1);
      }
    }
    if (op.causal()) {
      to = Node.of(Pointwise.MINIMUM, to, Pointwise.add(place, 1));
    }
    if (op.window() > 0) {
      from = Node.of(Pointwise.MAXIMUM, from, Pointwise.add(place, 1 - op.window()));
      to = Node.of(Pointwise.MINIMUM, to, Pointwise.add(place, op.window()));
    }
    return Node.of(WITHIN, Arange.of(keys, 0), from, to);
  }
}
