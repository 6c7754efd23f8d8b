package dev.peft4j.train;

import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Leaf;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Scalar;
import dev.peft4j.graph.SumTo;
import dev.peft4j.op.CrossEntropy;
import dev.peft4j.op.HeadLoss;
import dev.peft4j.op.MaxTo;
import dev.peft4j.op.Pointwise;
import dev.peft4j.op.Reshape;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The number of things that a loss is the mean of, found in its graph: a cross-entropy counts the
 * rows that are not ignored, a mean its elements, a sum that is divided what it is divided by. With
 * it the losses of several batches can be weighted as if they were one batch.
 */
final class LossCount {
  /** A part of a loss. */
  private sealed interface Term {
    /** Returns the node that it was computed from. */
    Node source();

    /** Returns the number of things that it counts. */
    double count();

    /** Requests that what {@link #count} reads is computed with the loss. */
    default void retain() {}
  }

  /** A sum that is not divided. */
  private record Sum(Node source) implements Term {
    @Override
    public double count() {
      return Double.NaN;
    }
  }

  private record Known(Node source, double count) implements Term {}

  private record Divided(Node source, Node by) implements Term {
    @Override
    public double count() {
      return Math.abs(Tensor.of(by).item());
    }

    @Override
    public void retain() {
      by.retain();
    }
  }

  private record Rows(Node source, Node labels, int ignored) implements Term {
    @Override
    public double count() {
      long n = 0;
      for (long label : Tensor.of(labels).toLongs()) {
        n += label == ignored ? 0 : 1;
      }
      return n;
    }

    @Override
    public void retain() {
      labels.retain();
    }
  }

  private final List<Term> terms;

  private LossCount(List<Term> terms) {
    this.terms = terms;
  }

  /** Finds out what {@code loss}, a single value, is the mean of; nothing is computed. */
  static LossCount of(Tensor loss) {
    List<Term> found = terms(loss.node());
    if (found.size() > 1) {
      // a penalty on parameters is the same in each batch
      found = found.stream().filter(t -> dependsOnData(t.source())).toList();
    }
    return new LossCount(found);
  }

  /** Requests that what {@link #value} needs is computed with the loss. */
  void retain() {
    terms.forEach(Term::retain);
  }

  /** Returns whether the loss is a sum, so that the losses of several batches are added. */
  boolean isSum() {
    return !terms.isEmpty() && terms.stream().allMatch(Sum.class::isInstance);
  }

  /**
   * Returns the number of things that the loss is the mean of.
   *
   * @param examples in the batch, used if the loss does not tell or tells several numbers; 0 if
   *     unknown
   */
  double value(int examples) {
    double first = Double.NaN;
    for (Term t : terms) {
      double n = t.count();
      if (Double.isNaN(first)) {
        first = n;
      } else if (n != first && examples > 0) {
        return examples;
      }
    }
    if (!Double.isNaN(first)) {
      return first;
    }
    return Math.max(1, examples);
  }

  private static List<Term> terms(Node n) {
    if (n.shape().elements() != 1 || n.op() instanceof Leaf) {
      return List.of();
    }
    return switch (n.op()) {
      case CrossEntropy c -> List.of(new Rows(n, n.input(1), c.ignoreIndex()));
      case HeadLoss h -> List.of(new Rows(n, n.input(0), h.rule().ignoreIndex()));
      case SumTo _ -> List.of(new Sum(n.input(0)));
      case Elementwise e -> elementwise(n, e);
      case Reshape _ -> reshape(n.input(0), n.shape().rank());
      default -> n.inputs().length == 1 ? terms(n.input(0)) : List.of();
    };
  }

  /** Returns the terms of a sum of one element, which is only a change of its shape. */
  private static List<Term> reshape(Node x, int rank) {
    boolean reduced = rank == 0 && x.shape().rank() > 0;
    boolean scaled = x.op() instanceof Elementwise e && e.isFactor();
    if (!reduced || scaled || x.op() instanceof SumTo || x.op() instanceof MaxTo) {
      return x.op() instanceof MaxTo ? List.of() : terms(x);
    }
    return List.of(new Sum(x));
  }

  private static List<Term> elementwise(Node n, Elementwise e) {
    if (e.isFactor()) {
      double factor = factor(e.expression());
      if (factor == 1 && n.shape().rank() > 0) {
        return List.of(new Known(n.input(0), 1)); // the mean of one element
      }
      return divided(terms(n.input(0)), null, factor == 0 ? 1 : 1 / Math.abs(factor));
    }
    if (e.arity() == 2 && e.equals(Pointwise.DIV)) {
      Node by = n.input(1);
      double known = constant(by);
      return divided(terms(n.input(0)), Double.isNaN(known) ? by : null, known);
    }
    if (e.arity() == 2 && e.equals(Pointwise.MUL)) {
      List<Term> a = terms(n.input(0));
      List<Term> b = terms(n.input(1));
      Node factor = b.isEmpty() ? n.input(1) : n.input(0);
      double known = constant(factor);
      List<Term> product = b.isEmpty() ? a : b;
      return a.isEmpty() == b.isEmpty() || Double.isNaN(known) || known == 0
          ? product
          : divided(product, null, 1 / known);
    }
    List<Term> all = new ArrayList<>();
    for (Node in : n.inputs()) {
      all.addAll(terms(in));
    }
    return all;
  }

  /** Turns sums into means over {@code by}; what is already a mean is unchanged. */
  private static List<Term> divided(List<Term> terms, @Nullable Node by, double known) {
    List<Term> out = new ArrayList<>();
    for (Term t : terms) {
      if (t instanceof Sum) {
        out.add(by == null ? new Known(t.source(), Math.abs(known)) : new Divided(t.source(), by));
      } else {
        out.add(t);
      }
    }
    return out;
  }

  private static double factor(Scalar product) {
    if (product instanceof Scalar.Binary b) {
      return b.a() instanceof Scalar.Const c
          ? c.value()
          : b.b() instanceof Scalar.Const d ? d.value() : Double.NaN;
    }
    return Double.NaN;
  }

  /** Returns the value of a node, or NaN if it would have to be computed. */
  private static double constant(Node n) {
    if (n.op() instanceof Elementwise e
        && e.arity() == 0
        && e.expression() instanceof Scalar.Const c) {
      return c.value();
    }
    var value = n.value();
    return value == null || value.elements() != 1 || n.variable() != null
        ? Double.NaN
        : Tensor.of(n).item();
  }

  private static boolean dependsOnData(Node from) {
    Set<Node> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    List<Node> open = new ArrayList<>(List.of(from));
    while (!open.isEmpty()) {
      Node n = open.removeLast();
      if (n.op() instanceof Leaf && n.variable() == null) {
        return true;
      }
      for (Node in : n.inputs()) {
        if (seen.add(in)) {
          open.add(in);
        }
      }
    }
    return false;
  }
}
