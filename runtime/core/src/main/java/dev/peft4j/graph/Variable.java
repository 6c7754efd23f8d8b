package dev.peft4j.graph;

import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
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
  private volatile @Nullable VariableGroup group;
  private int index;
  private @Nullable Node gradient;
  private final List<BackwardPass> passes = new ArrayList<>(1);
  private final List<WeakReference<Node>> retained = new ArrayList<>(0);

  /**
   * A variable over {@code storage}, which it owns from now on.
   *
   * @param trainable whether gradients are wanted; never of 16-bit numbers
   */
  public Variable(String name, Storage storage, Shape shape, boolean trainable) {
    this.name = name;
    this.shape = shape;
    this.storage = requireSize(storage);
    this.trainable = trainable && !storage.dtype().isHalf();
  }

  private Storage requireSize(Storage given) {
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
    return given;
  }

  /**
   * Puts other memory in place of this variable's; it is owned from now on. With 16-bit numbers the
   * variable is frozen.
   *
   * @throws IllegalArgumentException if the number of elements differs
   * @throws IllegalStateException if it is one of a group
   */
  public void adopt(Storage other) {
    if (group != null) {
      throw new IllegalStateException("'" + name + "' is in a group, which holds its memory");
    }
    storage = requireSize(other);
    trainable &= !other.dtype().isHalf();
    changed();
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

  /** The memory of the present value. */
  public Storage storage() {
    VariableGroup g = group;
    return g == null ? storage : g.storage(index);
  }

  /**
   * The memory of the present value, to be written to: a copy from now on where it was a file's.
   * Whoever writes calls {@link #changed()}.
   */
  public Storage writable() {
    Storage now = storage();
    if (group == null && now.isReadOnly()) {
      now = now.copy();
      storage = now;
    }
    return now;
  }

  void join(VariableGroup group, int index) {
    if (this.group != null) {
      throw new IllegalStateException("'" + name + "' is in a group already");
    }
    this.index = index;
    this.group = group;
  }

  /** The variables that are replaced together with this one, or null. */
  public @Nullable VariableGroup group() {
    return group;
  }

  /** Its place in the group. */
  int index() {
    return index;
  }

  /** True if gradients are wanted for it. */
  public boolean trainable() {
    return trainable;
  }

  /**
   * Turns gradients on or off for tensors made from now on.
   *
   * @throws IllegalStateException to turn them on for 16-bit numbers
   */
  public void trainable(boolean on) {
    if (on && storage().dtype().isHalf()) {
      throw new IllegalStateException(
          "'"
              + name
              + "' holds "
              + storage().dtype()
              + ", and 16-bit numbers are not trained; make it FLOAT32 first, with to(FLOAT32)");
    }
    if (trainable != on) {
      trainable = on;
      leaf = null;
    }
  }

  /** How many times the value has changed. */
  public int version() {
    return version;
  }

  /**
   * To be called after the memory was written: tensors computed from the old value become errors
   * when read.
   */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one writer: the thread that trains
  public void changed() {
    version++;
    storage().modified();
    leaf = null;
    retained.clear();
  }

  /** The node that stands for the present value. */
  public Node node() {
    VariableGroup g = group;
    if (g != null) {
      return g.leaf(this, index);
    }
    Node n = leaf;
    return n == null ? newLeaf() : n;
  }

  /** One thread makes it, so that a graph that reads the variable twice reads one leaf. */
  private synchronized Node newLeaf() {
    Node n = leaf;
    if (n == null) {
      n = Node.variable(this, storage, null);
      leaf = n;
    }
    return n;
  }

  void retain(Node node) {
    retained.removeIf(r -> r.refersTo(null));
    retained.add(new WeakReference<>(node));
  }

  /**
   * Nodes computed from the present value that asked to be computed before it is replaced, and are
   * not yet.
   */
  public List<Node> retained() {
    if (retained.isEmpty()) {
      return List.of();
    }
    List<Node> open = new ArrayList<>();
    for (WeakReference<Node> r : retained) {
      Node n = r.get();
      if (n != null && !n.isKnown()) {
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
