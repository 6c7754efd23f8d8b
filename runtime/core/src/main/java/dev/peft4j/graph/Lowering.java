package dev.peft4j.graph;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The preparation of a graph for a backend: ops without a kernel are decomposed, expressions are
 * simplified, and nothing is computed twice.
 */
final class Lowering {
  private record Application(Op op, List<Node> inputs) {}

  private final Support support;
  private final Map<Application, Node> known = new HashMap<>();

  Lowering(Support support) {
    this.support = support;
  }

  /**
   * Returns the node that stands for {@code op} applied to lowered nodes. A value without elements
   * is not computed.
   */
  Node lower(Op op, Node[] inputs) {
    Shape shape = op.shape(inputs);
    if (shape.elements() == 0 && op.dtype(inputs) == DType.FLOAT32 && !zeros(op, inputs)) {
      return relower(BroadcastTo.zeros(shape));
    }
    Node simpler = op.simplify(inputs);
    if (simpler != null) {
      return sameShape(op, shape, relower(simpler));
    }
    if (!support.supports(op)) {
      Node parts = op.decompose(inputs);
      if (parts == null) {
        throw new UnsupportedOperationException(
            "the backend has no kernel for " + op.name() + ", and it has no decomposition");
      }
      return sameShape(op, shape, relower(parts));
    }
    Application a = new Application(op, Arrays.asList(inputs));
    Node n = known.get(a);
    if (n == null) {
      n = Node.of(op, inputs);
      known.put(a, n);
      lowered.add(n);
    }
    return n;
  }

  private static boolean zeros(Op op, Node[] inputs) {
    return op instanceof BroadcastTo && inputs[0].op() instanceof Elementwise e && e.arity() == 0;
  }

  /**
   * Returns {@code n}. Kernels write as much as the shape says: one that was not planned would be
   * written past the end of its memory.
   *
   * @throws IllegalStateException if the shape is another one
   */
  static Node sameShape(Op op, Shape shape, Node n) {
    if (!n.shape().equals(shape)) {
      throw new IllegalStateException(
          op.name() + " of shape " + shape + " became " + n.describe() + ": a bug in peft4j");
    }
    return n;
  }

  private final Set<Node> lowered = Collections.newSetFromMap(new IdentityHashMap<>());

  /** Lowers {@code n}, which was built on top of lowered nodes. */
  Node lowerAll(Node n) {
    return relower(n);
  }

  /** Lowers nodes that a simplification or decomposition built on top of lowered nodes. */
  private Node relower(Node n) {
    if (n.inputs().length == 0 && !(n.op() instanceof Elementwise) || lowered.contains(n)) {
      return n;
    }
    List<Node> fresh = new ArrayList<>();
    Set<Node> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    List<Node> stack = new ArrayList<>(List.of(n));
    seen.add(n);
    while (!stack.isEmpty()) {
      Node x = stack.removeLast();
      if (lowered.contains(x) || x.op() instanceof Placeholder) {
        continue;
      }
      fresh.add(x);
      for (Node in : x.inputs()) {
        if (seen.add(in)) {
          stack.add(in);
        }
      }
    }
    fresh.sort(Comparator.comparingLong(Node::id));
    Map<Node, Node> mapped = new IdentityHashMap<>();
    for (Node x : fresh) {
      Node[] in = new Node[x.inputs().length];
      for (int i = 0; i < in.length; i++) {
        Node m = mapped.get(x.input(i));
        in[i] = m == null ? x.input(i) : m;
      }
      mapped.put(x, lower(x.op(), in));
    }
    return mapped.getOrDefault(n, n);
  }

  /** Returns all nodes that {@code roots} need, in topological order. */
  static List<Node> sorted(List<Node> roots) {
    Set<Node> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    List<Node> found = new ArrayList<>();
    List<Node> stack = new ArrayList<>();
    for (Node r : roots) {
      if (seen.add(r)) {
        stack.add(r);
      }
    }
    while (!stack.isEmpty()) {
      Node n = stack.removeLast();
      found.add(n);
      for (Node in : n.inputs()) {
        if (seen.add(in)) {
          stack.add(in);
        }
      }
    }
    found.sort(Comparator.comparingLong(Node::id));
    return found;
  }
}
