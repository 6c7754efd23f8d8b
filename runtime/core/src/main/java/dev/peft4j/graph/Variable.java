package dev.peft4j.graph;

import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A value that exists from step to step and may be changed: a parameter or an optimizer's state.
 * Each change increments its version, so that a tensor computed from an earlier version is detected
 * instead of mixing old and new values.
 */
public final class Variable {
  private final Shape shape;
  private volatile Storage storage;
  private final boolean state;
  private String name;
  private volatile boolean trainable;
  private volatile int version;
  private volatile @Nullable Node leaf;
  private volatile @Nullable Place place;
  private volatile @Nullable Variable transposed;
  private @Nullable Node gradient;
  private final List<BackwardPass> passes = new ArrayList<>(1);
  private volatile List<Retained> retained = List.of();

  /**
   * The position of a variable in a group.
   *
   * @param swappable whether it may be replaced at any time, as an adapter's
   */
  private record Place(VariableGroup group, int index, boolean swappable) {}

  /** A node that a thread wants to be computed before the value changes. */
  private record Retained(WeakReference<Node> node, long thread) {}

  /** A receiver of the state of a variable that joins a group. */
  interface Joining {
    void take(Storage value, int version, @Nullable Node leaf);
  }

  /**
   * Creates a variable over {@code storage}, which it owns from now on.
   *
   * @param trainable whether gradients are wanted; never of codes, only of plain numbers
   */
  public Variable(String name, Storage storage, Shape shape, boolean trainable) {
    this(name, storage, shape, trainable, false);
  }

  private Variable(String name, Storage storage, Shape shape, boolean trainable, boolean state) {
    this.state = state;
    this.name = name;
    this.shape = shape;
    this.storage = requireFit(storage);
    this.trainable = trainable && storage.encoding().isPlain();
  }

  /** Returns the variable of a {@link State}. */
  static Variable state(String name, Storage storage, Shape shape) {
    return new Variable(name, storage, shape, false, true);
  }

  /** Returns whether this is the memory of a {@link State}, which programs write to in place. */
  boolean isState() {
    return state;
  }

  private Storage requireFit(Storage given) {
    if (given.elements() != shape.elements()) {
      throw new IllegalArgumentException(
          name
              + ": shape "
              + shape
              + " needs "
              + shape.elements()
              + " elements, found "
              + given.elements());
    }
    given.encoding().requireFit("'" + name + "'", shape);
    return given;
  }

  /**
   * Replaces the memory of this variable; the new memory is owned from now on. With codes the
   * variable is frozen.
   *
   * @throws IllegalArgumentException if the number of elements differs
   * @throws IllegalStateException if it belongs to the group of an adapter
   */
  public void adopt(Storage other) {
    Place p = place;
    if (p != null && p.swappable) {
      throw new IllegalStateException("'" + name + "' is in a group, which holds its memory");
    }
    requireFit(other);
    trainable &= other.encoding().isPlain();
    if (p == null) {
      storage = other;
      changed();
    } else {
      p.group.adopt(this, other);
      forgetRetained();
    }
  }

  /**
   * Makes two matrices one value, of which the other is the transpose: whatever is set in one of
   * them is in the other. Each has a gradient of its own, and an optimizer's step changes the value
   * for one after the other.
   */
  public void transposeOf(Variable other) {
    transposed = other;
    other.transposed = this;
  }

  /** Returns the variable whose value is the transpose of this one's, or null. */
  public @Nullable Variable transposed() {
    return transposed;
  }

  /** Returns values with those of the variables that are transposes of some of them. */
  static Map<Variable, Storage> withTransposed(Map<Variable, Storage> values) {
    Map<Variable, Storage> all = values;
    for (Map.Entry<Variable, Storage> e : values.entrySet()) {
      Variable other = e.getKey().transposed;
      if (other != null && !values.containsKey(other)) {
        all = all == values ? new LinkedHashMap<>(values) : all;
        int rows = e.getKey().shape.dim(0);
        int columns = e.getKey().shape.dim(1);
        float[] from = e.getValue().toFloats();
        float[] to = new float[from.length];
        for (int i = 0; i < rows; i++) {
          for (int j = 0; j < columns; j++) {
            to[j * rows + i] = from[i * columns + j];
          }
        }
        all.put(other, Storage.of(to));
      }
    }
    return all;
  }

  /** Returns the name for messages. */
  public String name() {
    return name;
  }

  /** Changes the name for messages. */
  public void rename(String name) {
    this.name = name;
  }

  /** Returns the shape of the value. */
  public Shape shape() {
    return shape;
  }

  /**
   * Returns the memory of the current value, or of the one that was chosen for this scope ({@link
   * VariableGroup#pinned}). Memory that another thread computes with is not written to.
   */
  public Storage storage() {
    while (true) {
      Place p = place;
      if (p == null) {
        return storage;
      }
      Snapshot s = p.group.here(p.index);
      if (s != null) {
        return s.value(p.index);
      }
      p.group.await();
    }
  }

  /**
   * Returns the writable memory of the current value of a variable that is not in a group: a copy
   * from now on if it was a file's. Callers that write to it call {@link #changed()}.
   */
  Storage writable() {
    Storage now = storage;
    if (now.isReadOnly()) {
      now = now.copy();
      storage = now;
    }
    return now;
  }

  /**
   * Replaces the value by a copy; floating-point types are converted. Other threads continue to use
   * the old value if the variable is in a group.
   *
   * @throws IllegalArgumentException if the number of elements differs, or they are integers
   */
  public void set(Storage values) {
    setAll(Map.of(this, values));
  }

  /**
   * Replaces the values of several variables like {@link #set}, at one moment for those in one
   * group.
   */
  public static void setAll(Map<Variable, Storage> given) {
    Map<Variable, Storage> values = withTransposed(given);
    List<Variable> targets = List.copyOf(values.keySet());
    Replacement replacement = Replacement.of(targets);
    Storage[] places = replacement.places();
    try {
      replacement.begin();
      for (int i = 0; i < places.length; i++) {
        places[i].copyFrom(Objects.requireNonNull(values.get(targets.get(i))));
      }
      replacement.publish();
    } finally {
      replacement.end();
    }
  }

  synchronized void join(VariableGroup group, int index, boolean swappable, Joining taking) {
    if (place != null) {
      throw new IllegalStateException("'" + name + "' is in a group already");
    }
    taking.take(storage, version, leaf);
    leaf = null;
    place = new Place(group, index, swappable);
  }

  void move(VariableGroup group, int index) {
    Place p = Objects.requireNonNull(place);
    place = new Place(group, index, p.swappable);
  }

  /** Returns the variables that are replaced together with this one, or null. */
  public @Nullable VariableGroup group() {
    Place p = place;
    return p == null ? null : p.group;
  }

  /** Returns its index in a group, or -1. */
  int indexIn(VariableGroup group) {
    Place p = place;
    return p != null && p.group == group ? p.index : -1;
  }

  /** Returns whether it may be replaced at any time, as an adapter's, trained or not. */
  boolean isSwappable() {
    Place p = place;
    return p != null && p.swappable;
  }

  /** Returns whether gradients are computed for it. */
  public boolean trainable() {
    return trainable;
  }

  /**
   * Turns gradients on or off for tensors created from now on.
   *
   * @throws IllegalStateException to turn them on for numbers in codes
   */
  public void trainable(boolean on) {
    if (on && !storage().encoding().isPlain()) {
      throw new IllegalStateException(
          "'"
              + name
              + "' holds "
              + storage().encoding()
              + ", which is not trained; make it FLOAT32 first, with to(FLOAT32)");
    }
    if (trainable != on) {
      trainable = on;
      leaf = null;
    }
  }

  /** Returns the number of times that the value has changed. */
  public int version() {
    Place p = place;
    return p == null ? version : p.group.now().version(p.index);
  }

  /**
   * Records that the memory of a variable that is not in a group was written: tensors computed from
   * the old value become errors when read.
   */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one writer: the thread that trains
  public void changed() {
    version++;
    storage.modified();
    leaf = null;
    forgetRetained();
  }

  /** Returns the node that stands for the current value. */
  public Node node() {
    while (true) {
      Place p = place;
      if (p == null) {
        Node n = leaf;
        n = n == null ? newLeaf() : n;
        if (n != null) {
          return n;
        }
        continue; // it has joined a group meanwhile
      }
      Snapshot s = p.group.here(p.index);
      if (s != null) {
        return s.leaf(this, p.index);
      }
      p.group.await();
    }
  }

  /**
   * Creates the leaf under a lock, so that a graph that reads the variable twice reads one leaf.
   */
  private synchronized @Nullable Node newLeaf() {
    Node n = leaf;
    if (n == null && place == null) {
      n = Node.variable(this, storage, null, version);
      leaf = n;
    }
    return n;
  }

  /**
   * Ensures that the current value does not change while this thread computes with it; false if it
   * is not of that version.
   */
  boolean holdPresent(int version) {
    while (true) {
      Place p = place;
      if (p == null) {
        return version == this.version;
      }
      Snapshot s = p.group.now();
      if (p.index >= s.size() || s.version(p.index) != version) {
        return false;
      }
      if (s.touch()) {
        return true;
      }
      p.group.await();
    }
  }

  void retain(Node node) {
    synchronized (passes) {
      List<Retained> more = new ArrayList<>(retained);
      more.removeIf(r -> r.node.refersTo(null));
      more.add(new Retained(new WeakReference<>(node), Thread.currentThread().threadId()));
      retained = more;
    }
  }

  void forgetRetained() {
    if (!retained.isEmpty()) {
      synchronized (passes) {
        retained = List.of();
      }
    }
  }

  /**
   * Returns nodes that depend on the current value and that this thread wants to be computed before
   * it is replaced.
   */
  public List<Node> retained() {
    List<Retained> all = retained;
    if (all.isEmpty()) {
      return List.of();
    }
    long me = Thread.currentThread().threadId();
    List<Node> open = new ArrayList<>();
    for (Retained r : all) {
      Node n = r.node.get();
      if (n != null && !n.isKnown() && r.thread == me) {
        open.add(n);
      }
    }
    return open;
  }

  /** Returns the gradient accumulated by backward passes since the last optimizer step, or null. */
  public @Nullable Node gradient() {
    return gradient;
  }

  /** Returns the backward passes that contributed to {@link #gradient()}. */
  public List<BackwardPass> passes() {
    return passes;
  }

  void accumulate(Node g, BackwardPass pass) {
    gradient = g;
    passes.add(pass);
  }

  /** Replaces the gradient, for example by a clipped one. */
  public void replaceGradient(Node g) {
    gradient = g;
  }

  /** Clears the gradient. */
  public void clearGradient() {
    gradient = null;
    passes.clear();
  }
}
