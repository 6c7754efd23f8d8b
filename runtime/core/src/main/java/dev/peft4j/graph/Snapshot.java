package dev.peft4j.graph;

import dev.peft4j.data.Storage;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The values of a {@link VariableGroup} between two replacements, and the threads that compute with
 * them. As long as there is only one such thread, it may write the next values into the same
 * memory. Threads are known by their ids: a snapshot keeps none alive.
 */
final class Snapshot {
  /** No thread; ids are positive. */
  private static final long NOBODY = 0;

  /** More than one thread took values: their memory must not be written to again. */
  private static final long SHARED = -1;

  /** The memory is being, or has been, written to. */
  private static final long CLOSED = -2;

  /** Another snapshot has replaced this one, without a change of values. */
  private static final long REPLACED = -3;

  private static final VarHandle USE;

  static {
    try {
      USE = MethodHandles.lookup().findVarHandle(Snapshot.class, "use", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final VariableGroup group;
  private final long number;
  private final Storage[] values;
  private final int[] versions;

  /** For each value, whether its memory also belongs to an earlier snapshot that was not closed. */
  private final boolean[] tainted;

  /** The id of the thread that replaced the values before, or {@link #NOBODY}. */
  private final long madeBy;

  /** The snapshot that this is a view of, chosen for a scope; or null. */
  private final @Nullable Snapshot pinnedOf;

  private final AtomicReferenceArray<@Nullable Node> leaves;

  /** NOBODY, the id of the only thread that took values, SHARED, CLOSED or REPLACED. */
  private volatile long use;

  /** The snapshot that replaced this one, set before {@link #use} says so. */
  private volatile @Nullable Snapshot next;

  private volatile long endedBy;

  private Snapshot(
      VariableGroup group,
      long number,
      Storage[] values,
      int[] versions,
      boolean[] tainted,
      long madeBy,
      @Nullable Snapshot pinnedOf) {
    this.group = group;
    this.number = number;
    this.values = values;
    this.versions = versions;
    this.tainted = tainted;
    this.madeBy = madeBy;
    this.pinnedOf = pinnedOf;
    this.leaves = new AtomicReferenceArray<>(values.length);
  }

  /**
   * Creates a snapshot.
   *
   * @param versions the version of each value
   * @param tainted for each value, whether an earlier snapshot that others may use holds its memory
   * @param madeBy the id of the thread that replaced the values, or 0 if nothing was replaced
   */
  static Snapshot of(
      VariableGroup group,
      long number,
      Storage[] values,
      int[] versions,
      boolean[] tainted,
      long madeBy) {
    return new Snapshot(group, number, values, versions, tainted, madeBy, null);
  }

  VariableGroup group() {
    return group;
  }

  /** Returns the number of replacements before it. */
  long number() {
    return number;
  }

  int size() {
    return values.length;
  }

  Storage value(int index) {
    return values[index];
  }

  int version(int index) {
    return versions[index];
  }

  boolean isTainted(int index) {
    return tainted[index];
  }

  Storage[] copyOfValues() {
    return values.clone();
  }

  int[] copyOfVersions() {
    return versions.clone();
  }

  /** Returns for each value whether it is tainted; not to be modified. */
  boolean[] tainted() {
    return tainted;
  }

  boolean[] allTainted() {
    boolean[] all = new boolean[values.length];
    Arrays.fill(all, true);
    return all;
  }

  Storage[] copyOfValues(int size) {
    return Arrays.copyOf(values, size);
  }

  int[] copyOfVersions(int size) {
    return Arrays.copyOf(versions, size);
  }

  boolean[] copyOfTainted(int size) {
    return Arrays.copyOf(tainted, size);
  }

  long madeBy() {
    return madeBy;
  }

  static Snapshot older(Snapshot a, Snapshot b) {
    return a.number <= b.number ? a : b;
  }

  /** Returns whether it was chosen for a scope. */
  boolean isPinned() {
    return pinnedOf != null;
  }

  private static long me() {
    return Thread.currentThread().threadId();
  }

  /** Returns whether this thread replaced the values before this snapshot. */
  boolean isMadeHere() {
    return madeBy == me();
  }

  /** Returns a view of it for a scope. */
  Snapshot pinned() {
    return pinnedOf != null
        ? this
        : new Snapshot(group, number, values, versions, tainted, madeBy, this);
  }

  /**
   * Returns the snapshot that replaced this one when its group got more variables, without a change
   * of values.
   */
  Snapshot effective() {
    Snapshot s = this;
    while (s.use == REPLACED) {
      s = Objects.requireNonNull(s.next);
    }
    return s;
  }

  /** Returns the current form of the snapshot that this is a view of. */
  Snapshot wholeOfPinned() {
    return pinnedOf == null ? effective() : pinnedOf.effective();
  }

  /**
   * Returns the value of a variable; {@code present} if it belongs to another group or joined
   * later.
   */
  Storage value(Variable v, Storage present) {
    int index = v.indexIn(group);
    return index >= 0 && index < values.length ? values[index] : present;
  }

  /** Returns whether it has another version of the variable. */
  boolean differs(Variable v, int version) {
    int index = v.indexIn(group);
    return index >= 0 && index < values.length && versions[index] != version;
  }

  /** Returns the node that stands for a variable's value; callers have called {@link #touch}. */
  Node leaf(Variable v, int index) {
    while (true) {
      Node old = leaves.get(index);
      if (old != null && old.requiresGrad() == v.trainable()) {
        return old;
      }
      Node made = Node.variable(v, values[index], this, versions[index]);
      if (leaves.compareAndSet(index, old, made)) {
        return made;
      }
    }
  }

  // ---- who uses it

  /**
   * Records that this thread computes with the values from now on.
   *
   * @return false if their memory has been reused
   */
  boolean touch() {
    if (pinnedOf != null) {
      return pinnedOf.touch();
    }
    long me = me();
    while (true) {
      long u = use;
      if (u == me || u == SHARED) { // the first by far most often
        return true;
      }
      if (u == CLOSED) {
        return false;
      }
      if (u == REPLACED) {
        return Objects.requireNonNull(next).touch();
      }
      if (USE.compareAndSet(this, u, u == NOBODY ? me : SHARED)) {
        return true;
      }
    }
  }

  /**
   * Ends its use if this thread is the only user.
   *
   * @return true if its memory may be written to, except what is tainted
   */
  boolean close() {
    long u = use;
    return (u == NOBODY || u == me()) && USE.compareAndSet(this, u, CLOSED);
  }

  /** Records that values were overwritten, so that this thread's older tensors are out of date. */
  void endedHere() {
    endedBy = me();
  }

  /**
   * Replaces this snapshot by one of the same values and more.
   *
   * @param shared whether others may use the values that were added
   */
  void becomes(Snapshot other, boolean shared) {
    next = other;
    while (true) {
      long u = use;
      other.use = shared ? SHARED : u;
      if (USE.compareAndSet(this, u, REPLACED)) {
        return;
      }
    }
  }

  /** Stores a node that stood for the variable before it joined the group. */
  void keep(int index, @Nullable Node leaf) {
    leaves.set(index, leaf);
  }

  /** Passes the existing leaves to the next snapshot. */
  void giveLeaves(Snapshot next, int offset) {
    for (int i = 0; i < leaves.length(); i++) {
      next.leaves.set(offset + i, leaves.get(i));
    }
  }

  /**
   * Ensures that a value does not change while this thread computes with it.
   *
   * @return false if it has been replaced and is gone, or replaced by this thread
   */
  boolean hold(Variable v, int version) {
    long me = me();
    if (use == me && endedBy == NOBODY) {
      return true;
    }
    Snapshot whole = wholeOfPinned();
    if (whole.touch()) {
      return whole.endedBy != me || v.version() == version;
    }
    return v.holdPresent(version); // perhaps this one value was not replaced
  }
}
