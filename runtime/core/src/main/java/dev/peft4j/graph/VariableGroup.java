package dev.peft4j.graph;

import dev.peft4j.data.Storage;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Variables whose values are replaced together, by an optimizer's step for example, while other
 * threads compute with them. A graph built before a replacement is computed from the old values,
 * one built after it from the new values, and one that was being built meanwhile from the values
 * that it started with.
 *
 * <p>{@link Trace} recognises the last case by leaves of two snapshots in one computation. The
 * thread that replaced the values cannot have been building then; for it, each leaf keeps its own
 * value.
 *
 * <p>A step writes into the memory of the old values if no other thread took any of them, and into
 * new memory otherwise ({@link Replacement}). Old memory is released with the last graph that reads
 * it.
 */
public final class VariableGroup {
  private static final ScopedValue<Map<VariableGroup, Snapshot>> PINNED = ScopedValue.newInstance();
  private static final AtomicLong IDS = new AtomicLong();

  /** Held while groups are united. */
  private static final ReentrantLock UNITING = new ReentrantLock();

  private final long id = IDS.incrementAndGet();
  private final ReentrantLock lock = new ReentrantLock();
  private final List<Variable> variables = new ArrayList<>();
  private volatile Snapshot now =
      Snapshot.of(this, 0, new Storage[0], new int[0], new boolean[0], 0);
  private volatile @Nullable VariableGroup into;

  /** Creates an empty group. */
  public VariableGroup() {}

  /**
   * Adds a variable that is not in a group yet and whose value may be replaced at any time; its
   * value does not change.
   */
  public void add(Variable v) {
    UNITING.lock();
    try {
      root().join(v, true);
    } finally {
      UNITING.unlock();
    }
  }

  /**
   * Puts variables into one group, so that all of them are seen with values of the same moment:
   * those that a step changes, or that are used together. Groups that they belong to are united.
   */
  public static void uniteVariables(Collection<Variable> variables) {
    if (areTogether(variables)) {
      return;
    }
    UNITING.lock();
    try {
      VariableGroup all = null;
      for (Variable v : variables) {
        VariableGroup g = v.group();
        all = all == null ? g : all;
      }
      all = all == null ? new VariableGroup() : all;
      for (Variable v : variables) {
        VariableGroup g = v.group();
        if (g == null) {
          all.join(v, false);
        } else if (g != all) {
          all.absorb(g);
        }
      }
    } finally {
      UNITING.unlock();
    }
  }

  /** Unites whole groups; see {@link #uniteVariables}. */
  public static void unite(List<VariableGroup> groups) {
    if (groups.stream().map(VariableGroup::root).distinct().count() < 2) {
      return;
    }
    UNITING.lock();
    try {
      VariableGroup all = groups.getFirst().root();
      for (VariableGroup g : groups) {
        if (g.root() != all) {
          all.absorb(g.root());
        }
      }
    } finally {
      UNITING.unlock();
    }
  }

  private static boolean areTogether(Collection<Variable> variables) {
    VariableGroup first = null;
    for (Variable v : variables) {
      VariableGroup g = v.group();
      if (g == null || first != null && g != first) {
        return false;
      }
      first = g;
    }
    return true;
  }

  private void join(Variable v, boolean swappable) {
    lock.lock();
    try {
      Snapshot old = now;
      int i = old.size();
      v.join(
          this,
          i,
          swappable,
          (value, version, leaf) -> {
            Storage[] values = old.copyOfValues(i + 1);
            int[] versions = old.copyOfVersions(i + 1);
            values[i] = value;
            versions[i] = version;
            Snapshot next =
                Snapshot.of(
                    this, old.number(), values, versions, old.copyOfTainted(i + 1), old.madeBy());
            old.giveLeaves(next, 0);
            if (leaf != null) {
              leaf.belongsTo(next);
              next.keep(i, leaf);
            }
            old.becomes(next, leaf != null); // nobody knows who has that leaf
            now = next;
          });
      variables.add(v);
    } finally {
      lock.unlock();
    }
  }

  private void absorb(VariableGroup other) {
    VariableGroup first = id < other.id ? this : other;
    VariableGroup second = first == this ? other : this;
    first.lock.lock();
    second.lock.lock();
    try {
      Snapshot mine = now;
      Snapshot theirs = other.now;
      int n = mine.size();
      int size = n + theirs.size();
      Storage[] values = mine.copyOfValues(size);
      int[] versions = mine.copyOfVersions(size);
      boolean[] tainted = mine.copyOfTainted(size);
      for (int i = n; i < size; i++) {
        values[i] = theirs.value(i - n);
        versions[i] = theirs.version(i - n);
        tainted[i] = theirs.isTainted(i - n);
      }
      Snapshot all = Snapshot.of(this, mine.number() + 1, values, versions, tainted, 0);
      mine.giveLeaves(all, 0);
      theirs.giveLeaves(all, n);
      mine.becomes(all, true);
      theirs.becomes(all, true);
      now = all;
      for (int i = 0; i < other.variables.size(); i++) {
        other.variables.get(i).move(this, n + i);
      }
      variables.addAll(other.variables);
      other.into = this;
    } finally {
      second.lock.unlock();
      first.lock.unlock();
    }
  }

  /** Returns the group that this one has become a part of, or itself. */
  private VariableGroup root() {
    VariableGroup g = this;
    VariableGroup next = g.into;
    while (next != null) {
      g = next;
      next = g.into;
    }
    return g;
  }

  /** Runs {@code body} with the values that each group has at its first use there. */
  public static <T> T pinned(Supplier<T> body) {
    return PINNED.isBound()
        ? body.get()
        : ScopedValue.where(PINNED, new ConcurrentHashMap<>()).call(body::get);
  }

  /**
   * Replaces values, at one moment for those of one group. The old memory is unchanged, also for
   * tensors of this thread.
   *
   * @param values new memory by variable of a group, owned by the group from now on; other
   *     variables keep theirs
   * @throws IllegalArgumentException if one is of another type or size; nothing is replaced
   */
  public static void replace(Map<Variable, Storage> values) {
    Map<Variable, Storage> all = Variable.withTransposed(values);
    all.forEach((v, s) -> requireSame(v, v.storage(), s));
    Map<VariableGroup, Map<Variable, Storage>> byGroup = new LinkedHashMap<>();
    all.forEach(
        (v, s) ->
            byGroup
                .computeIfAbsent(Objects.requireNonNull(v.group()), g -> new LinkedHashMap<>())
                .put(v, s));
    byGroup.forEach(VariableGroup::replaceHere);
  }

  private void replaceHere(Map<Variable, Storage> values) {
    VariableGroup root = lockedRoot();
    try {
      Snapshot old = root.now;
      Storage[] next = old.copyOfValues();
      int[] versions = old.copyOfVersions();
      boolean[] tainted = old.allTainted();
      values.forEach(
          (v, s) -> {
            int i = v.indexIn(root);
            next[i] = s;
            versions[i]++;
            tainted[i] = false;
          });
      root.publish(Snapshot.of(root, old.number() + 1, next, versions, tainted, me()));
      values.keySet().forEach(Variable::forgetRetained);
    } finally {
      root.lock.unlock();
    }
  }

  private static long me() {
    return Thread.currentThread().threadId();
  }

  private static void requireSame(Variable v, Storage old, Storage s) {
    if (!s.encoding().equals(old.encoding()) || s.elements() != old.elements()) {
      throw new IllegalArgumentException(
          v.name()
              + ": "
              + s.elements()
              + " elements of "
              + s.encoding()
              + " found, "
              + old.elements()
              + " elements of "
              + old.encoding()
              + " needed");
    }
  }

  /** Replaces the memory of one variable, with any floating-point type. */
  void adopt(Variable v, Storage other) {
    VariableGroup root = lockedRoot();
    try {
      Snapshot old = root.now;
      int i = v.indexIn(root);
      Storage[] next = old.copyOfValues();
      int[] versions = old.copyOfVersions();
      boolean[] tainted = old.allTainted();
      next[i] = other;
      versions[i]++;
      tainted[i] = false;
      old.endedHere();
      root.publish(Snapshot.of(root, old.number() + 1, next, versions, tainted, me()));
    } finally {
      root.lock.unlock();
    }
  }

  /** Locks the group that this one is, or has become a part of. */
  VariableGroup lockedRoot() {
    while (true) {
      VariableGroup root = root();
      root.lock.lock();
      if (root.into == null) {
        return root;
      }
      root.lock.unlock();
    }
  }

  /** Returns the id; groups are locked in this order. */
  long id() {
    return id;
  }

  /**
   * Returns whether it has not become a part of another group; this does not change while it is
   * locked.
   */
  boolean isRoot() {
    return into == null;
  }

  void lock() {
    lock.lock();
  }

  void unlock() {
    lock.unlock();
  }

  /** Waits for a thread that is writing. */
  void await() {
    lock.lock();
    lock.unlock();
  }

  Snapshot now() {
    return now;
  }

  /** Makes a snapshot the current one, also for the scope that this thread is in. */
  void publish(Snapshot next) {
    now = next;
    if (PINNED.isBound()) {
      PINNED.get().computeIfPresent(this, (g, old) -> next.pinned());
    }
  }

  /**
   * Returns the values that this thread computes with from now on, of which the one at {@code
   * index} is needed; null if they are being written, so that the caller has to wait.
   */
  @Nullable Snapshot here(int index) {
    if (!PINNED.isBound()) {
      Snapshot s = now;
      return s.touch() ? s : null;
    }
    Map<VariableGroup, Snapshot> pinned = PINNED.get();
    Snapshot known = pinned.get(this);
    if (known != null && index < known.size() && known.touch()) {
      return known;
    }
    Snapshot s = earlier(pinned);
    s = s != null && index < s.size() && s.touch() ? s : now;
    if (!s.touch()) {
      return null;
    }
    Snapshot chosen = s.pinned();
    pinned.put(this, chosen);
    return chosen;
  }

  /**
   * Returns what a scope has chosen for this group or one that has become a part of it, or null.
   */
  private @Nullable Snapshot earlier(Map<VariableGroup, Snapshot> pinned) {
    for (Map.Entry<VariableGroup, Snapshot> e : pinned.entrySet()) {
      if (e.getKey().root() == this) {
        Snapshot whole = e.getValue().wholeOfPinned();
        if (whole.group() == this) {
          return whole;
        }
      }
    }
    return null;
  }
}
