package dev.peft4j.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Fusion of chains of element-wise operations into one: a producer that only one element-wise
 * consumer of the same shape reads becomes part of that consumer's expression, and its result is
 * never stored.
 */
final class Fusion {
  /** The largest expression: with more inputs than registers there is no gain. */
  private static final int MAX_SIZE = 160;

  private static final int MAX_INPUTS = 12;

  private Fusion() {}

  static List<Node> fuse(List<Node> roots) {
    List<Node> order = Lowering.sorted(roots);
    Map<Node, Integer> uses = new IdentityHashMap<>();
    for (Node n : order) {
      for (Node in : n.inputs()) {
        uses.merge(in, 1, Integer::sum);
      }
    }
    Set<Node> wanted = Collections.newSetFromMap(new IdentityHashMap<>());
    wanted.addAll(roots);
    Map<Node, Node> mapped = new IdentityHashMap<>();
    for (Node n : order) {
      mapped.put(
          n, n.op() instanceof Elementwise e ? join(n, e, mapped, uses, wanted) : remap(n, mapped));
    }
    List<Node> out = new ArrayList<>();
    for (Node r : roots) {
      out.add(mapped.get(r));
    }
    return out;
  }

  private static Node remap(Node n, Map<Node, Node> mapped) {
    Node[] in = n.inputs().clone();
    boolean changed = false;
    for (int i = 0; i < in.length; i++) {
      Node m = mapped.get(in[i]);
      changed |= m != in[i];
      in[i] = m;
    }
    // rebuilt even if unchanged: ids must grow along the schedule
    return in.length == 0 && !changed ? n : Node.of(n.op(), in);
  }

  private static Node join(
      Node n, Elementwise op, Map<Node, Node> mapped, Map<Node, Integer> uses, Set<Node> wanted) {
    List<Node> inputs = new ArrayList<>();
    Map<Node, Integer> numbers = new HashMap<>();
    Scalar[] parts = new Scalar[op.arity()];
    boolean joined = false;
    int budget = MAX_SIZE - size(op.expression());
    for (int i = 0; i < parts.length; i++) {
      Node original = n.input(i);
      Node producer = Objects.requireNonNull(mapped.get(original));
      boolean constant = producer.op() instanceof Elementwise e && e.arity() == 0;
      boolean join =
          producer.op() instanceof Elementwise
              && (constant
                  || uses.getOrDefault(original, 0) == 1
                      && !wanted.contains(original)
                      && producer.shape().equals(n.shape())
                      && inputs.size() + producer.inputs().length + parts.length - i <= MAX_INPUTS);
      if (join) {
        Elementwise p = (Elementwise) producer.op();
        int times = occurrences(op.expression(), i);
        int cost = size(p.expression()) * times;
        if (constant || cost <= budget) {
          budget -= cost;
          Scalar[] renumbered = new Scalar[p.arity()];
          for (int k = 0; k < renumbered.length; k++) {
            renumbered[k] = number(producer.input(k), inputs, numbers);
          }
          parts[i] = p.expression().substitute(renumbered);
          joined = true;
          continue;
        }
      }
      parts[i] = number(producer, inputs, numbers);
    }
    if (!joined && inputs.size() == op.arity()) {
      return Node.of(op, inputs.toArray(new Node[0]));
    }
    Node fused =
        Node.of(
            new Elementwise(op.name(), inputs.size(), op.expression().substitute(parts)),
            inputs.toArray(new Node[0]));
    return fused.shape().equals(n.shape()) ? fused : BroadcastTo.of(fused, n.shape());
  }

  private static Scalar number(Node input, List<Node> inputs, Map<Node, Integer> numbers) {
    Integer k = numbers.get(input);
    if (k == null) {
      k = inputs.size();
      numbers.put(input, k);
      inputs.add(input);
    }
    return Scalar.input(k);
  }

  private static int size(Scalar s) {
    return switch (s) {
      case Scalar.Input i -> 1;
      case Scalar.Const c -> 1;
      case Scalar.Unary u -> 1 + size(u.x());
      case Scalar.Binary b -> 1 + size(b.a()) + size(b.b());
      case Scalar.Select c -> 1 + size(c.condition()) + size(c.a()) + size(c.b());
    };
  }

  private static int occurrences(Scalar s, int input) {
    return switch (s) {
      case Scalar.Input i -> i.index() == input ? 1 : 0;
      case Scalar.Const c -> 0;
      case Scalar.Unary u -> occurrences(u.x(), input);
      case Scalar.Binary b -> occurrences(b.a(), input) + occurrences(b.b(), input);
      case Scalar.Select c ->
          occurrences(c.condition(), input) + occurrences(c.a(), input) + occurrences(c.b(), input);
    };
  }
}
