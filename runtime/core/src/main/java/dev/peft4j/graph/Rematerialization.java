package dev.peft4j.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * Computes a value again shortly before its late readers, instead of keeping it until then, where
 * that costs one pass over inputs that are kept anyway: the result of a norm or of an activation,
 * whose readers are the product that follows and, in the backward pass, the gradient of an adapter.
 * A training step holds that much less memory from its forward to its backward pass. The numbers
 * are the same bits.
 */
final class Rematerialization {
  /** Smaller values are not worth a further step. */
  private static final long MIN_BYTES = 1 << 20;

  /** The number of steps without a reader after which a value is not kept. */
  private static final int LONG = 64;

  private static final NavigableSet<Integer> NONE = Collections.emptyNavigableSet();

  private final List<Node> order;

  /** Where a value is read, as itself or as a view. */
  private final Map<Node, NavigableSet<Integer>> reads = new IdentityHashMap<>();

  private final Map<Node, List<Node>> views = new IdentityHashMap<>();
  private final Set<Node> kept = Collections.newSetFromMap(new IdentityHashMap<>());

  private Rematerialization(List<Node> roots) {
    order = Lowering.sorted(roots);
    kept.addAll(roots);
    for (int at = order.size() - 1; at >= 0; at--) {
      Node n = order.get(at);
      boolean view = isView(n);
      for (int i = 0; i < n.inputs().length; i++) {
        Node in = n.input(i);
        NavigableSet<Integer> of = reads.computeIfAbsent(in, x -> new TreeSet<>());
        if (view && i == 0) {
          of.addAll(reads.getOrDefault(n, NONE));
          views.computeIfAbsent(in, x -> new ArrayList<>()).add(n);
          if (kept.contains(n)) {
            kept.add(in);
          }
        } else {
          of.add(at);
        }
      }
    }
  }

  /**
   * Returns the roots of the same computation with such values computed twice.
   *
   * @param states by index, the placeholders that a step may change in place
   */
  static List<Node> of(List<Node> roots, boolean[] states) {
    return new Rematerialization(roots).apply(roots, states);
  }

  private List<Node> apply(List<Node> roots, boolean[] states) {
    Map<Integer, List<Node>> again = new HashMap<>();
    Set<Node> chosen = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Node n : order) {
      int late = lateRead(n);
      if (late >= 0 && staysUntil(n, late, chosen, states)) {
        chosen.add(n);
        again.computeIfAbsent(late, at -> new ArrayList<>()).add(n);
      }
    }
    if (chosen.isEmpty()) {
      return roots;
    }
    Map<Node, Node> mapped = new IdentityHashMap<>();
    for (int at = 0; at < order.size(); at++) {
      for (Node n : again.getOrDefault(at, List.of())) {
        computeAgain(n, mapped);
      }
      mapped.put(order.get(at), rebuilt(order.get(at), mapped));
    }
    return roots.stream().map(r -> Objects.requireNonNull(mapped.get(r))).toList();
  }

  private void computeAgain(Node n, Map<Node, Node> mapped) {
    mapped.put(n, rebuilt(n, mapped));
    for (Node view : views.getOrDefault(n, List.of())) {
      if (mapped.containsKey(view)) {
        computeAgain(view, mapped);
      }
    }
  }

  /** Returns where the first reader after a long time is, or -1. */
  private int lateRead(Node n) {
    long bytes = n.encoding().bytes(n.shape().elements());
    if (!n.op().isCheap() || n.inputs().length == 0 || kept.contains(n) || bytes < MIN_BYTES) {
      return -1;
    }
    int before = -1;
    for (int at : reads.getOrDefault(n, NONE)) {
      if (before >= 0 && at - before > LONG) {
        return at;
      }
      before = at;
    }
    return -1;
  }

  /** Returns whether all inputs are there at step {@code late} anyway, unchanged. */
  private boolean staysUntil(Node n, int late, Set<Node> chosen, boolean[] states) {
    for (Node in : n.inputs()) {
      Node root = in;
      while (isView(root)) {
        root = root.input(0);
      }
      boolean stays =
          root.op() instanceof Placeholder p
              ? !states[p.index()]
              : !chosen.contains(root) && (kept.contains(root) || lastRead(root) >= late);
      if (!stays) {
        return false;
      }
    }
    return true;
  }

  private int lastRead(Node n) {
    NavigableSet<Integer> of = reads.getOrDefault(n, NONE);
    return of.isEmpty() ? -1 : of.last();
  }

  private static boolean isView(Node n) {
    return n.inputs().length > 0 && n.op().viewOffset(n.input(0).shape(), n.shape()) >= 0;
  }

  private static Node rebuilt(Node n, Map<Node, Node> mapped) {
    if (n.inputs().length == 0) {
      return n;
    }
    Node[] in = new Node[n.inputs().length];
    for (int i = 0; i < in.length; i++) {
      in[i] = Objects.requireNonNull(mapped.get(n.input(i)));
    }
    return n.over(in);
  }
}
