package dev.peft4j.graph;

import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What has to be computed for some nodes, in order, and a signature of its structure: two traces that differ only in
 * their data have equal signatures and run the same program.
 */
public final class Trace {
  private final Node[] order;
  private final int count;
  private final Node[] roots;
  private final @Nullable Variable[] targets;
  private final int[] wiring;
  private final int hash;
  private final int leaves;

  private Trace(Node[] order, int count, Node[] roots, @Nullable Variable[] targets, NodeTable index) {
    this.order = order;
    this.count = count;
    this.roots = roots;
    this.targets = targets;
    int edges = 0;
    for (int i = 0; i < count; i++) {
      edges += order[i].isKnown() ? 0 : order[i].inputs().length;
    }
    int[] w = new int[edges + roots.length * 2];
    int h = count;
    int k = 0;
    int known = 0;
    for (int i = 0; i < count; i++) {
      Node n = order[i];
      if (n.isKnown()) {
        known++;
        h = h * 31 + n.shape().hashCode() * 7 + n.dtype().ordinal();
      } else {
        h = h * 31 + n.op().hashCode();
        for (Node in : n.inputs()) {
          w[k++] = index.get(in);
        }
      }
    }
    for (int r = 0; r < roots.length; r++) {
      w[k++] = index.get(roots[r]);
      w[k++] = targets[r] == null ? -1 : index.get(targets[r].node());
    }
    this.wiring = w;
    this.leaves = known;
    this.hash = h * 31 + Arrays.hashCode(w);
  }

  /**
   * Collects what {@code roots} need.
   *
   * @param targets for each root the variable that receives its value, or null
   * @throws StaleTensorException if something was computed from a variable that has changed since
   */
  public static Trace of(List<Node> roots, List<? extends @Nullable Variable> targets) {
    NodeTable index = new NodeTable();
    Node[] found = new Node[64];
    int n = 0;
    Node[] stack = new Node[64];
    int top = 0;
    for (int r = 0; r < roots.size(); r++) {
      Variable target = targets.get(r);
      for (Node root : target == null ? new Node[] {roots.get(r)} : new Node[] {roots.get(r), target.node()}) {
        if (index.add(root)) {
          stack = push(stack, top++, root);
        }
      }
    }
    int retained = 0;
    while (top > 0) {
      Node node = stack[--top];
      found = push(found, n++, node);
      if (node.isKnown()) {
        if (node.isStale()) {
          throw new StaleTensorException(node);
        }
        continue;
      }
      retained += node.isRetained() ? 1 : 0;
      for (Node in : node.inputs()) {
        if (index.add(in)) {
          stack = push(stack, top++, in);
        }
      }
    }
    Arrays.sort(found, 0, n, (a, b) -> Long.compare(a.id(), b.id()));
    for (int i = 0; i < n; i++) {
      index.put(found[i], i);
    }
    Node[] rootArray = roots.toArray(new Node[roots.size() + retained]);
    @Nullable Variable[] targetArray = targets.toArray(new @Nullable Variable[rootArray.length]);
    if (retained > 0) {
      rootArray = addRetained(found, n, rootArray, roots.size());
      targetArray = Arrays.copyOf(targetArray, rootArray.length);
    }
    return new Trace(found, n, rootArray, targetArray, index);
  }

  private static Node[] addRetained(Node[] found, int n, Node[] roots, int given) {
    int k = given;
    for (int i = 0; i < n; i++) {
      Node node = found[i];
      if (node.isRetained() && !node.isKnown() && !contains(roots, k, node)) {
        roots[k++] = node;
      }
    }
    return Arrays.copyOf(roots, k);
  }

  private static boolean contains(Node[] nodes, int n, Node node) {
    for (int i = 0; i < n; i++) {
      if (nodes[i] == node) {
        return true;
      }
    }
    return false;
  }

  private static Node[] push(Node[] array, int n, Node node) {
    Node[] a = n < array.length ? array : Arrays.copyOf(array, n * 2);
    a[n] = node;
    return a;
  }

  /** Number of nodes, leaves included. */
  public int size() {
    return count;
  }

  /** Node {@code i}; inputs come before what uses them. */
  public Node node(int i) {
    return order[i];
  }

  /** Number of nodes whose values are given. */
  public int leaves() {
    return leaves;
  }

  /** The nodes whose values are wanted. */
  public Node[] roots() {
    return roots;
  }

  /** For each root the variable that receives its value, or null. */
  public @Nullable Variable[] targets() {
    return targets;
  }

  /** The data of the leaves, in order. */
  public Storage[] inputs() {
    Storage[] in = new Storage[leaves];
    int k = 0;
    for (int i = 0; i < count; i++) {
      Storage value = order[i].value();
      if (value != null) {
        in[k++] = value;
      }
    }
    return in;
  }

  /** The structure without the data, as a key of a cache. */
  public Key key() {
    Object[] parts = new Object[count];
    byte[] types = new byte[count];
    for (int i = 0; i < count; i++) {
      Node n = order[i];
      parts[i] = n.isKnown() ? n.shape() : n.op();
      types[i] = (byte) (n.isKnown() ? n.dtype().ordinal() : -1);
    }
    return new Key(parts, types, wiring, hash);
  }

  /** A hash of the structure, equal to {@link Key#hashCode()}. */
  public int structureHash() {
    return hash;
  }

  /** True if {@code key} is the structure of this trace. */
  public boolean matches(Key key) {
    if (key.hash != hash || key.parts.length != count || !Arrays.equals(key.wiring, wiring)) {
      return false;
    }
    for (int i = 0; i < count; i++) {
      Node n = order[i];
      boolean known = n.isKnown();
      if (known ? key.types[i] != n.dtype().ordinal() : key.types[i] != -1) {
        return false;
      }
      Object part = known ? (Shape) n.shape() : n.op();
      if (part != key.parts[i] && !part.equals(key.parts[i])) {
        return false;
      }
    }
    return true;
  }

  /** The structure of a trace. */
  public static final class Key {
    private final Object[] parts;
    private final byte[] types;
    private final int[] wiring;
    private final int hash;

    private Key(Object[] parts, byte[] types, int[] wiring, int hash) {
      this.parts = parts;
      this.types = types;
      this.wiring = wiring;
      this.hash = hash;
    }

    @Override
    public int hashCode() {
      return hash;
    }

    @Override
    public boolean equals(Object o) {
      return o instanceof Key k
          && hash == k.hash
          && Arrays.equals(types, k.types)
          && Arrays.equals(wiring, k.wiring)
          && Arrays.equals(parts, k.parts);
    }
  }
}
