package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Node;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A sum of linear layers' results as the products it consists of, found in its graph: an output
 * layer, alone or with adapters of low rank beside it.
 *
 * @param pairs what is multiplied
 * @param bias what is added to each row, or null
 */
public record LinearTerms(List<HeadLoss.Pair> pairs, @Nullable Node bias) {
  /** Copies the list. */
  public LinearTerms {
    pairs = List.copyOf(pairs);
  }

  /**
   * Returns the products that {@code y} (n, out) is the sum of, or null if it is computed in any
   * other way. Nothing is computed.
   */
  public static @Nullable LinearTerms of(Node y) {
    if (y.shape().rank() != 2 || y.isKnown()) {
      return null;
    }
    if (y.op() instanceof LinearOp) {
      HeadLoss.Pair pair = new HeadLoss.Pair(y.input(0), y.input(1));
      return new LinearTerms(List.of(pair), y.inputs().length > 2 ? y.input(2) : null);
    }
    if (!(y.op() instanceof Elementwise e)) {
      return null;
    }
    if (e.isFactor()) {
      return scaled(of(y.input(0)), x -> Node.of(e, x));
    }
    if (e.equals(Pointwise.ADD)) {
      return sum(y);
    }
    if (e.equals(Pointwise.MUL)) {
      int factor = y.input(1).shape().elements() == 1 ? 1 : 0;
      Node c = y.input(factor);
      boolean one = c.shape().elements() == 1 && y.input(1 - factor).shape().equals(y.shape());
      return one ? scaled(of(y.input(1 - factor)), x -> times(x, c)) : null;
    }
    return null;
  }

  private static Node times(Node x, Node c) {
    return Pointwise.mul(x, Reshape.of(c, Shape.SCALAR));
  }

  private static @Nullable LinearTerms scaled(
      @Nullable LinearTerms terms, java.util.function.UnaryOperator<Node> factor) {
    if (terms == null || terms.bias != null) {
      return null;
    }
    return new LinearTerms(
        terms.pairs.stream().map(p -> new HeadLoss.Pair(factor.apply(p.x()), p.weight())).toList(),
        null);
  }

  private static @Nullable LinearTerms sum(Node y) {
    if (y.input(1).shape().equals(Shape.of(y.shape().dim(1)))) { // a bias
      LinearTerms first = of(y.input(0));
      return first == null ? null : new LinearTerms(first.pairs, plus(first.bias, y.input(1)));
    }
    LinearTerms a = of(y.input(0));
    LinearTerms b = a == null ? null : of(y.input(1));
    boolean same = y.input(0).shape().equals(y.shape()) && y.input(1).shape().equals(y.shape());
    if (a == null || b == null || !same) {
      return null;
    }
    List<HeadLoss.Pair> all = new ArrayList<>(a.pairs);
    all.addAll(b.pairs);
    return new LinearTerms(all, b.bias == null ? a.bias : plus(a.bias, b.bias));
  }

  private static Node plus(@Nullable Node a, Node b) {
    return a == null ? b : Pointwise.add(a, b);
  }
}
