package dev.peft4j.graph;

import dev.peft4j.data.DType;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.data.Storage;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A value in the graph: an operation applied to other nodes, or a leaf that holds data (a constant,
 * or the current value of a {@link Variable}). Nodes are created in topological order: inputs
 * always have smaller ids.
 */
public final class Node {
  private static final Node[] NONE = {};
  private static final AtomicLong IDS = new AtomicLong();

  private final long id = IDS.incrementAndGet();
  private final Op op;
  private final Shape shape;
  private final Encoding encoding;
  private final boolean requiresGrad;
  private final @Nullable Variable variable;
  private volatile @Nullable Snapshot snapshot;
  private final int version;
  private volatile Node[] inputs;
  private volatile @Nullable Storage value;
  private @Nullable BackwardPass pass;
  private boolean retained;
  private final @Nullable Segment segment = Segment.current();

  private Node(
      Op op,
      Node[] inputs,
      Shape shape,
      Encoding encoding,
      boolean requiresGrad,
      @Nullable Variable variable,
      @Nullable Snapshot snapshot,
      int version) {
    this.op = op;
    this.inputs = inputs;
    this.shape = shape;
    this.encoding = encoding;
    this.requiresGrad = requiresGrad;
    this.variable = variable;
    this.snapshot = snapshot;
    this.version = version;
  }

  /**
   * Applies an operation.
   *
   * @throws ShapeException if the inputs do not fit
   */
  public static Node of(Op op, Node... inputs) {
    boolean grad = false;
    for (Node n : inputs) {
      grad |= n.requiresGrad;
      if (!n.encoding.isPlain() && !(op instanceof Decode)) {
        throw new ShapeException(
            op.name()
                + ": an input is "
                + n.encoding
                + " "
                + n.shape
                + ", needed FLOAT32; see toFloat()");
      }
    }
    DType dtype = op.dtype(inputs);
    return NodeWatch.made(
        new Node(
            op,
            inputs,
            op.shape(inputs),
            op instanceof Placeholder p ? p.encoding() : dtype.encoding(),
            grad && dtype == DType.FLOAT32 && op.differentiable(),
            null,
            null,
            0));
  }

  /** Returns the same operation over inputs of the same shapes that hold the same numbers. */
  Node over(Node[] in) {
    return new Node(op, in, shape, encoding, requiresGrad, null, null, 0);
  }

  /** Creates a leaf that holds data. */
  public static Node data(Storage storage, Shape shape) {
    if (storage.elements() != shape.elements()) {
      throw new ShapeException(
          "a tensor of shape "
              + shape
              + " holds "
              + shape.elements()
              + " elements, found "
              + storage.elements());
    }
    Node n = new Node(Leaf.DATA, NONE, shape, storage.encoding(), false, null, null, 0);
    n.value = storage;
    return n;
  }

  /** Creates a leaf that reads a variable, with the value {@code storage} of that version. */
  static Node variable(Variable v, Storage storage, @Nullable Snapshot snapshot, int version) {
    Node n =
        new Node(
            Leaf.VARIABLE,
            NONE,
            v.shape(),
            storage.encoding(),
            v.trainable(),
            v,
            snapshot,
            version);
    n.value = storage;
    return n;
  }

  /** Returns the id, which is larger than the id of every input. */
  public long id() {
    return id;
  }

  /** Returns the operation; a {@link Leaf} for data. */
  public Op op() {
    return op;
  }

  /** Returns the inputs; not to be modified. */
  public Node[] inputs() {
    return inputs;
  }

  /** Returns input {@code i}. */
  public Node input(int i) {
    return inputs[i];
  }

  /** Returns the shape of the value. */
  public Shape shape() {
    return shape;
  }

  /** Returns the element type of the value, decoded where a leaf holds codes. */
  public DType dtype() {
    return encoding.dtype();
  }

  /** Returns how the value lies in memory; only leaves hold codes. */
  public Encoding encoding() {
    return encoding;
  }

  /**
   * Returns whether this is computed from a trainable variable through which a gradient can flow.
   */
  public boolean requiresGrad() {
    return requiresGrad;
  }

  /** Returns the variable that this leaf reads, or null. */
  public @Nullable Variable variable() {
    return variable;
  }

  /** Returns the values that a leaf of a grouped variable belongs to, or null. */
  @Nullable Snapshot snapshot() {
    return snapshot;
  }

  /** Records that the variable of this leaf is in a group now. */
  void belongsTo(Snapshot of) {
    snapshot = of;
  }

  /** Returns the version of the variable's value that this leaf stands for. */
  int version() {
    return version;
  }

  /**
   * Ensures that a leaf's value does not change while this thread computes with it; false if the
   * variable has changed and the value is gone.
   */
  boolean hold() {
    if (variable == null) {
      return true;
    }
    Snapshot s = snapshot;
    return s == null ? variable.version() == version : s.hold(variable, version);
  }

  /** Returns the data of a leaf, or of a node that has been computed; null before. */
  public @Nullable Storage value() {
    return value;
  }

  /** Returns whether {@link #value()} is available, so that nothing needs to be computed. */
  public boolean isKnown() {
    return value != null;
  }

  /** Sets the computed value. */
  public void resolve(Storage storage) {
    value = storage;
    if (!requiresGrad) {
      inputs = NONE;
    }
  }

  /** Releases the inputs: the value is known and no gradient will be needed. */
  public void release() {
    if (value != null) {
      inputs = NONE;
      pass = null;
    }
  }

  /**
   * Returns the backward pass that this node belongs to and that has not been computed yet, or
   * null.
   */
  public @Nullable BackwardPass pass() {
    return pass;
  }

  void join(@Nullable BackwardPass pass) {
    this.pass = pass;
  }

  /**
   * Requests that the value is kept when anything that needs this node is computed, and that it is
   * computed before a variable that it depends on is replaced.
   */
  public void retain() {
    if (retained || isKnown()) {
      return;
    }
    retained = true;
    Set<Node> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    List<Node> open = new ArrayList<>(List.of(this));
    while (!open.isEmpty()) {
      Node n = open.removeLast();
      if (n.variable != null) {
        n.variable.retain(this);
      }
      for (Node in : n.inputs) {
        if (in.requiresGrad && seen.add(in)) {
          open.add(in);
        }
      }
    }
  }

  /**
   * Returns the part of a model in which this was made, if that is to be computed twice, or null.
   */
  @Nullable Segment segment() {
    return segment;
  }

  /** Returns whether {@link #retain()} was called. */
  public boolean isRetained() {
    return retained;
  }

  /** Returns the operation and the shapes of its inputs, for messages. */
  public String describe() {
    StringBuilder s = new StringBuilder(op.name()).append('(');
    for (int i = 0; i < inputs.length; i++) {
      s.append(i == 0 ? "" : ", ").append(inputs[i].shape);
    }
    return s.append(") -> ").append(shape).toString();
  }

  @Override
  public String toString() {
    return describe();
  }
}
