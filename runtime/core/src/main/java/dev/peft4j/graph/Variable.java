package dev.peft4j.graph;

import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A value that lives from step to step and may be changed: a parameter or an optimizer's state.
 * Each change counts its version up, so that a tensor computed from an earlier version is
 * recognised instead of mixing old and new.
 */
public final class Variable {
  private final Shape shape;
  private volatile Storage storage;
  private String name;
  private volatile boolean trainable;
  private volatile int version;
  private volatile @Nullable Node leaf;
  private volatile @Nullable Place place;
  private @Nullable Node gradient;
  private final List<BackwardPass> passes = new ArrayList<>(1);
  private volatile List<Retained> retained = List.of();

  /**
   * Where it is in a group.
   *
   * @param swappable whether it was made to be replaced at any time, as an adapter's
   */
  private record Place(VariableGroup group, int index, boolean swappable) {}

  /** A node that a thread wants to have computed before the value changes. */
  private record Retained(WeakReference<Node> node, long thread) {}

  /** Takes the state of a variable into a group. */
  interface Joining {
    void take(Storage value, int version, @Nullable Node leaf);
  }

  /**
   * A variable over {@code storage}, which it owns from now on.
   *
   * @param trainable whether gradients are wanted; never of codes, only of plain numbers
   */
  public Variable(String name, Storage storage, Shape shape, boolean trainable) {
    this.name = name;
    this.shape = shape;
    this.storage = requireFit(storage);
    this.trainable = trainable && storage.encoding().isPlain();
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
   * Puts other memory in place of this variable's; it is owned from now on. With codes the variable
   * is frozen.
   *
   * @throws IllegalArgumentException if the number of elements differs
   * @throws IllegalStateException if it is one of a group of an adapter's
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

  /** What messages call it. */
  public String name() {
    return name;
  }

  /** Changes what messages call it. */
  public void rename(String name) {
    this.name = name;
  }

  /** Shape of the value. */
  public Shape shape() {
    return shape;
  }

  /**
   * The memory of the present value; of the one that was chosen for this scope ({@link
   * VariableGroup#pinned}). What another thread has taken is not written to.
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
   * The memory of the present value of a variable that is in no group, to be written to: a copy
   * from now on where it was a file's. Whoever writes calls {@link #changed()}.
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
   * Replaces the value by a copy; floating-point types are converted. Others that compute with the
   * old one go on with it if the variable is in a group.
   *
   * @throws IllegalArgumentException if the number of elements differs, or they are integers
   */
  public void set(Storage values) {
    setAll(Map.of(this, values));
  }

  /** As {@link #set} for several, at one moment for those that are in one group. */
  public static void setAll(Map<Variable, Storage> values) {
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

  /** The variables that are replaced together with this one, or null. */
  public @Nullable VariableGroup group() {
    Place p = place;
    return p == null ? null : p.group;
  }

  /** Its place in a group, or -1. */
  int indexIn(VariableGroup group) {
    Place p = place;
    return p != null && p.group == group ? p.index : -1;
  }

  /** True if it was made to be replaced at any time, as an adapter's, trained or not. */
  boolean isSwappable() {
    Place p = place;
    return p != null && p.swappable;
  }

  /** True if gradients are wanted for it. */
  public boolean trainable() {
    return trainable;
  }

  /**
   * Turns gradients on or off for tensors made from now on.
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

  /** How many times the value has changed. */
  public int version() {
    Place p = place;
    return p == null ? version : p.group.now().version(p.index);
  }

  /**
   * To be called after the memory of a variable in no group was written: tensors computed from the
   * old value become errors when read.
   */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one writer: the thread that trains
  public void changed() {
    version++;
    storage.modified();
    leaf = null;
    forgetRetained();
  }

  /** The node that stands for the present value. */
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

  /** One thread makes it, so that a graph that reads the variable twice reads one leaf. */
  private synchronized @Nullable Node newLeaf() {
    Node n = leaf;
    if (n == null && place == null) {
      n = Node.variable(this, storage, null, version);
      leaf = n;
    }
    return n;
  }

  /**
   * Makes sure that the present value stays as it is while this thread computes with it; false if
   * it is not of that version.
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
   * Nodes computed from the present value that this thread asked to be computed before it is
   * replaced, and that are not yet.
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

  /** The gradient accumulated by backward passes since the last optimizer step, or null. */
  public @Nullable Node gradient() {
    return gradient;
  }

  /** Backward passes that contributed to {@link #gradient()}. */
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

  /** Forgets the gradient. */
  public void clearGradient() {
    gradient = null;
    passes.clear();
  }
}
