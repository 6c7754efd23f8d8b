package dev.peft4j.graph;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The nodes that have to be computed for some results, in order, and a signature of their
 * structure: two traces that differ only in their data have equal signatures and run the same
 * program.
 */
public final class Trace {
  private static final Node[] NONE = {};
  private static final int LEAF = -1;
  private static final int OPERATION = -2;

  /**
   * An operation with the inputs that it had when it was found: another thread may compute and
   * release it meanwhile.
   */
  private record Use(Node node, Node[] inputs) {}

  private final Node[] leaves;
  private final Use[] uses;
  private final Node[] roots;
  private final @Nullable Variable[] targets;
  private final @Nullable Node[] targetLeaves;
  private final int[] wiring;
  private final int hash;

  /** Whether leaves have values of different moments, or of several groups. */
  private final boolean mixed;

  private Trace(
      Node[] leaves,
      Use[] uses,
      Node[] roots,
      @Nullable Variable[] targets,
      @Nullable Node[] targetLeaves,
      boolean mixed,
      NodeTable index) {
    this.mixed = mixed;
    this.leaves = leaves;
    this.uses = uses;
    this.roots = roots;
    this.targets = targets;
    this.targetLeaves = targetLeaves;
    int edges = 0;
    for (Use u : uses) {
      edges += u.inputs.length;
    }
    int[] w = new int[edges + roots.length * 2];
    int h = leaves.length * 31 + uses.length;
    int k = 0;
    for (Node n : leaves) {
      h = h * 31 + n.shape().hashCode() * 7 + n.encoding().hashCode() + role(n);
    }
    for (Use u : uses) {
      h = h * 31 + u.node.op().hashCode();
      for (Node in : u.inputs) {
        w[k++] = index.get(in);
      }
    }
    for (int r = 0; r < roots.length; r++) {
      Node target = targetLeaves[r];
      w[k++] = index.get(roots[r]);
      w[k++] = target == null ? -1 : index.get(target);
    }
    this.wiring = w;
    this.hash = h * 31 + Arrays.hashCode(w);
  }

  /**
   * Collects the nodes that {@code roots} need.
   *
   * @param targets for each root the variable that receives its value, or null
   * @throws StaleTensorException if something was computed from a variable that has changed since
   */
  public static Trace of(List<Node> roots, List<? extends @Nullable Variable> targets) {
    NodeTable index = new NodeTable();
    @Nullable Node[] targetLeaves = new @Nullable Node[roots.size()];
    Node[] stack = new Node[64];
    int top = 0;
    for (int r = 0; r < roots.size(); r++) {
      Variable target = targets.get(r);
      Node root = roots.get(r);
      if (index.add(root)) {
        stack = push(stack, top++, root);
      }
      if (target != null) {
        Node leaf = target.node();
        targetLeaves[r] = leaf;
        if (index.add(leaf)) {
          stack = push(stack, top++, leaf);
        }
      }
    }
    Use[] uses = new Use[64];
    int n = 0;
    int known = 0;
    int retained = 0;
    Snapshot only = null;
    boolean mixed = false;
    while (top > 0) {
      Node node = stack[--top];
      Node[] inputs = node.inputs();
      if (node.isKnown()) {
        if (!node.hold()) {
          throw new StaleTensorException(node);
        }
        Snapshot of = node.snapshot();
        if (of != null && of != only) {
          mixed |= only != null && of.effective() != only.effective();
          only = of;
        }
        index.put(node, LEAF);
        known++;
        continue;
      }
      index.put(node, OPERATION);
      uses = n < uses.length ? uses : Arrays.copyOf(uses, n * 2);
      uses[n++] = new Use(node, inputs);
      retained += node.isRetained() ? 1 : 0;
      for (Node in : inputs) {
        if (index.add(in)) {
          stack = push(stack, top++, in);
        }
      }
    }
    uses = Arrays.copyOf(uses, n);
    Arrays.sort(uses, (a, b) -> Long.compare(a.node.id(), b.node.id()));
    Node[] rootArray = roots.toArray(new Node[0]);
    if (retained > 0) {
      rootArray = addRetained(uses, rootArray, retained);
      targetLeaves = Arrays.copyOf(targetLeaves, rootArray.length);
    }
    Node[] leaves = arrange(uses, rootArray, targetLeaves, known, index);
    @Nullable Variable[] targetArray = targets.toArray(new @Nullable Variable[rootArray.length]);
    return new Trace(leaves, uses, rootArray, targetArray, targetLeaves, mixed, index);
  }

  /**
   * Numbers the leaves in the order in which they are used, then the operations by age: the same
   * structure gets the same numbers, independent of when and by which thread each leaf was created.
   */
  private static Node[] arrange(
      Use[] uses, Node[] roots, @Nullable Node[] targetLeaves, int known, NodeTable index) {
    Node[] leaves = new Node[known];
    int k = 0;
    for (Use u : uses) {
      for (Node in : u.inputs) {
        if (index.get(in) == LEAF) {
          leaves[k] = in;
          index.put(in, k++);
        }
      }
    }
    for (int r = 0; r < roots.length; r++) {
      if (index.get(roots[r]) == LEAF) {
        leaves[k] = roots[r];
        index.put(roots[r], k++);
      }
      Node target = targetLeaves[r];
      if (target != null && index.get(target) == LEAF) {
        leaves[k] = target;
        index.put(target, k++);
      }
    }
    for (Use u : uses) {
      index.put(u.node, k++);
    }
    return leaves;
  }

  private static Node[] addRetained(Use[] uses, Node[] given, int retained) {
    Node[] roots = Arrays.copyOf(given, given.length + retained);
    int k = given.length;
    for (Use u : uses) {
      if (u.node.isRetained() && k < roots.length && !contains(roots, k, u.node)) {
        roots[k++] = u.node;
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

  /** Returns the number of nodes, including leaves. */
  public int size() {
    return leaves.length + uses.length;
  }

  /**
   * Returns the number of nodes whose values are supplied; they come first, in the order in which
   * they are used.
   */
  public int leaves() {
    return leaves.length;
  }

  /** Returns node {@code i}; inputs come before their users. */
  public Node node(int i) {
    return i < leaves.length ? leaves[i] : uses[i - leaves.length].node;
  }

  /** Returns the inputs of node {@code i}; none for a leaf. */
  Node[] uses(int i) {
    return i < leaves.length ? NONE : uses[i - leaves.length].inputs;
  }

  /**
   * Returns whether the leaves still stand for the values of their variables, so that this trace
   * may be computed again; the contents of states may have changed.
   */
  public boolean isCurrent() {
    for (Node leaf : leaves) {
      if (!isState(leaf) && !leaf.hold()) {
        return false;
      }
    }
    return true;
  }

  /** Returns the nodes whose values are needed. */
  public Node[] roots() {
    return roots;
  }

  /** Returns, for each root, the variable that receives its value, or null. */
  public @Nullable Variable[] targets() {
    return targets;
  }

  /** Returns, for each root, the leaf that its value replaces, or null. */
  @Nullable Node[] targetLeaves() {
    return targetLeaves;
  }

  /** Returns the data of the leaves, in order. */
  public Storage[] inputs() {
    Storage[] in = new Storage[leaves.length];
    for (int i = 0; i < in.length; i++) {
      in[i] = Objects.requireNonNull(leaves[i].value());
    }
    if (mixed) {
      SnapshotChoice.apply(leaves, targetLeaves, in);
    }
    return in;
  }

  /** What a program knows of a leaf: its shape, its encoding, and its {@link Trace#role}. */
  private record LeafKind(Shape shape, Encoding encoding, int role) {
    static LeafKind of(Node leaf) {
      return new LeafKind(leaf.shape(), leaf.encoding(), Trace.role(leaf));
    }

    boolean matches(Node leaf) {
      return role == Trace.role(leaf)
          && encoding.equals(leaf.encoding())
          && (shape == leaf.shape() || shape.equals(leaf.shape()));
    }

    @Override
    public boolean equals(@Nullable Object o) {
      return o instanceof LeafKind k
          && role == k.role
          && encoding.equals(k.encoding)
          && shape.equals(k.shape);
    }

    @Override
    public int hashCode() {
      return shape.hashCode() * 7 + encoding.hashCode() + role;
    }
  }

  /**
   * Returns whether a leaf is the value of a variable that is not trained and seldom changes. Those
   * of adapters may be replaced at any time.
   */
  static boolean frozen(Node leaf) {
    Variable variable = leaf.variable();
    return variable != null
        && !leaf.requiresGrad()
        && !variable.isSwappable()
        && !variable.isState();
  }

  /** Returns whether a leaf is the memory of a {@link State}. */
  static boolean isState(Node leaf) {
    Variable variable = leaf.variable();
    return variable != null && variable.isState();
  }

  /** 0 for what may be anything at each run, 1 for a frozen variable, 2 for a state. */
  private static int role(Node leaf) {
    return isState(leaf) ? 2 : frozen(leaf) ? 1 : 0;
  }

  /** Returns the structure without the data, as a key of a cache. */
  public Key key() {
    Object[] parts = new Object[size()];
    for (int i = 0; i < parts.length; i++) {
      Node n = node(i);
      parts[i] = i < leaves.length ? LeafKind.of(n) : n.op();
    }
    return new Key(parts, leaves.length, wiring, hash);
  }

  /** Returns a hash of the structure, equal to {@link Key#hashCode()}. */
  public int structureHash() {
    return hash;
  }

  /** Returns whether {@code key} is the structure of this trace. */
  public boolean matches(Key key) {
    if (key.hash != hash
        || key.leaves != leaves.length
        || key.parts.length != size()
        || !Arrays.equals(key.wiring, wiring)) {
      return false;
    }
    for (int i = 0; i < key.parts.length; i++) {
      Object part = key.parts[i];
      if (i < leaves.length) {
        if (!((LeafKind) part).matches(leaves[i])) {
          return false;
        }
      } else if (part != node(i).op() && !part.equals(node(i).op())) {
        return false;
      }
    }
    return true;
  }

  /** The structure of a trace. */
  public static final class Key {
    private final Object[] parts;
    private final int leaves;
    private final int[] wiring;
    private final int hash;

    private Key(Object[] parts, int leaves, int[] wiring, int hash) {
      this.parts = parts;
      this.leaves = leaves;
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
          && leaves == k.leaves
          && Arrays.equals(wiring, k.wiring)
          && Arrays.equals(parts, k.parts);
    }
  }
}
