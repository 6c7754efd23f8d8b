package dev.peft4j.graph;

import dev.peft4j.data.Storage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Variables whose values are replaced together while other threads compute with them. A replacement
 * leaves the old memory as it is: what was built before it is computed from the old values, what is
 * built after it from the new ones, and a graph that was being built meanwhile from the values that
 * it began with, all of them.
 *
 * <p>"Meanwhile" is what {@link Trace} sees: leaves of two snapshots in one computation. The thread
 * that made the replacement cannot have been building then; for it, each leaf keeps its own value.
 */
public final class VariableGroup {
  private static final ScopedValue<Map<VariableGroup, Snapshot>> PINNED = ScopedValue.newInstance();

  private final List<Variable> variables = new ArrayList<>();
  private volatile Snapshot now = new Snapshot(this, 0, new Storage[0], null, false);

  /** An empty group. */
  public VariableGroup() {}

  /** Adds a variable that is in no group yet; its value stays what it is. */
  public synchronized void add(Variable v) {
    Snapshot old = now;
    int i = old.values.length;
    Storage[] values = Arrays.copyOf(old.values, i + 1);
    values[i] = v.storage();
    now = new Snapshot(this, old.number, values, old.madeBy, false);
    for (int k = 0; k < i; k++) {
      now.leaves.set(k, old.leaves.get(k));
    }
    variables.add(v);
    v.join(this, i);
  }

  /** Runs {@code body} with the values that each group has when it is first used there. */
  public static <T> T pinned(Supplier<T> body) {
    return PINNED.isBound()
        ? body.get()
        : ScopedValue.where(PINNED, new ConcurrentHashMap<>()).call(body::get);
  }

  /**
   * Replaces values, all at one moment.
   *
   * @param values new memory by variable, owned by the group from now on; variables that are not
   *     named keep theirs
   * @throws IllegalArgumentException if one is of another type or size, or not of this group;
   *     nothing is replaced
   */
  public synchronized void replace(Map<Variable, Storage> values) {
    Storage[] next = now.values.clone();
    values.forEach(
        (v, s) -> {
          int i = variables.indexOf(v);
          if (i < 0) {
            throw new IllegalArgumentException("'" + v.name() + "' is not in this group");
          }
          Storage old = next[i];
          if (s.dtype() != old.dtype() || s.elements() != old.elements()) {
            throw new IllegalArgumentException(
                v.name()
                    + ": "
                    + s.elements()
                    + " elements of "
                    + s.dtype()
                    + " found, "
                    + old.elements()
                    + " elements of "
                    + old.dtype()
                    + " needed");
          }
          next[i] = s;
        });
    now = new Snapshot(this, now.number + 1, next, Thread.currentThread(), false);
  }

  Storage storage(int index) {
    return now.values[index];
  }

  /** The node that stands for a variable's value in this scope. */
  Node leaf(Variable v, int index) {
    Snapshot s = PINNED.isBound() ? PINNED.get().computeIfAbsent(this, g -> g.now.pinned()) : now;
    return s.leaf(v, index);
  }

  /** The values of a group between two replacements. */
  static final class Snapshot {
    private final VariableGroup group;
    private final long number;
    private final Storage[] values;
    private final @Nullable Thread madeBy;
    private final boolean pinned;
    private final AtomicReferenceArray<@Nullable Node> leaves;

    private Snapshot(
        VariableGroup group,
        long number,
        Storage[] values,
        @Nullable Thread madeBy,
        boolean pinned) {
      this.group = group;
      this.number = number;
      this.values = values;
      this.madeBy = madeBy;
      this.pinned = pinned;
      this.leaves = new AtomicReferenceArray<>(values.length);
    }

    VariableGroup group() {
      return group;
    }

    /** How many replacements came before. */
    long number() {
      return number;
    }

    static Snapshot older(Snapshot a, Snapshot b) {
      return a.number <= b.number ? a : b;
    }

    /**
     * True if it was chosen for a scope, whatever the scope's results are computed together with.
     */
    boolean isPinned() {
      return pinned;
    }

    /** True if this thread made the replacement that brought these values. */
    boolean isMadeHere() {
      return madeBy == Thread.currentThread();
    }

    /** The value of a variable; {@code present} if it joined the group later. */
    Storage value(Variable v, Storage present) {
      return v.index() < values.length ? values[v.index()] : present;
    }

    private Snapshot pinned() {
      return new Snapshot(group, number, values, madeBy, true);
    }

    private Node leaf(Variable v, int index) {
      while (true) {
        Node old = leaves.get(index);
        if (old != null && !old.isStale() && old.requiresGrad() == v.trainable()) {
          return old;
        }
        Node made = Node.variable(v, values[index], this);
        if (leaves.compareAndSet(index, old, made)) {
          return made;
        }
      }
    }
  }
}
