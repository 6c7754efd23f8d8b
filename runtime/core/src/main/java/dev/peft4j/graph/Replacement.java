package dev.peft4j.graph;

import dev.peft4j.data.Storage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A replacement of the values of variables, at one moment for those of one group. If another thread
 * computes with the old values of a group, the new ones go into other memory, else into the same.
 *
 * <p>Call {@link #begin} when the new values are available, {@link #publish} when they are written,
 * and {@link #end} in any case.
 */
public final class Replacement {
  private final @Nullable Variable[] targets;

  /** The leaves that stand for the values to be replaced; null replaces any value. */
  private final @Nullable Node @Nullable [] leaves;

  private final Storage[] places;

  /** The locked groups: almost always one. */
  private @Nullable Open open;

  private List<Open> more = List.of();

  /** A group while its values are written. */
  private static final class Open {
    private final VariableGroup group;
    private final Snapshot old;
    private boolean closed;
    private Storage[] values = {};
    private int[] versions = {};
    private boolean[] tainted = {};

    /** Opens a group that is locked. */
    Open(VariableGroup group) {
      this.group = group;
      this.old = group.now();
    }

    void begin() {
      closed = old.close();
      values = old.copyOfValues();
      versions = old.copyOfVersions();
      tainted = closed ? old.tainted() : old.allTainted();
    }

    Storage replace(int index) {
      Storage s = values[index];
      boolean others = tainted[index];
      if (others || s.isReadOnly()) {
        s = Storage.allocate(s.encoding(), s.elements());
        values[index] = s;
      }
      if (others) {
        tainted = tainted == old.tainted() ? tainted.clone() : tainted;
        tainted[index] = false;
      }
      versions[index]++;
      return s;
    }

    /** Restores the old values, which may have been written to. */
    void takeBack() {
      tainted = old.tainted().clone();
      for (int i = 0; i < values.length; i++) {
        if (values[i] != old.value(i)) {
          values[i] = old.value(i);
          versions[i] = old.version(i);
        }
      }
    }

    void publish() {
      old.endedHere();
      long me = Thread.currentThread().threadId();
      group.publish(Snapshot.of(group, old.number() + 1, values, versions, tainted, me));
    }
  }

  private Replacement(@Nullable Variable[] targets, @Nullable Node @Nullable [] leaves) {
    this.targets = targets;
    this.leaves = leaves;
    this.places = new Storage[targets.length];
  }

  /** Creates a replacement for the targets of a computation. */
  public static Replacement of(Trace trace) {
    return new Replacement(trace.targets(), trace.targetLeaves());
  }

  /** Creates a replacement for any value that the variables have. */
  static Replacement of(List<Variable> targets) {
    return new Replacement(targets.toArray(new @Nullable Variable[0]), null);
  }

  /**
   * Returns memory of each target's size and type, the same array each time; where to write is
   * known after {@link #begin}.
   */
  public Storage[] places() {
    for (int i = 0; i < targets.length; i++) {
      Variable v = targets[i];
      if (v != null) {
        Node leaf = leaves == null ? null : leaves[i];
        places[i] =
            v.group() == null
                ? v.writable()
                : leaf == null ? v.storage() : Objects.requireNonNull(leaf.value());
      }
    }
    return places;
  }

  /**
   * Blocks access to the values of the targets' groups while the new ones are written, and
   * determines where to write them.
   *
   * @throws StaleTensorException if a target was replaced meanwhile; nothing is changed
   */
  public void begin() {
    lock();
    for (int i = 0; i < targets.length; i++) {
      Variable v = targets[i];
      Open o = of(v);
      Node leaf = leaves == null ? null : leaves[i];
      if (v != null && leaf != null) {
        int now = o == null ? v.version() : o.old.version(v.indexIn(o.group));
        if (now != leaf.version()) {
          throw new StaleTensorException(leaf);
        }
      }
    }
    if (open != null) {
      open.begin();
    }
    more.forEach(Open::begin);
    for (int i = 0; i < targets.length; i++) {
      Variable v = targets[i];
      Open o = of(v);
      if (v != null && o != null) {
        places[i] = o.replace(v.indexIn(o.group));
      }
    }
  }

  /**
   * Locks the targets' groups, always in the same order; again if one has become a part of another.
   */
  private void lock() {
    while (true) {
      Collection<VariableGroup> groups = groups();
      boolean all = true;
      for (VariableGroup g : groups) {
        g.lock();
        all &= g.isRoot();
        add(new Open(g));
      }
      if (all) {
        return;
      }
      unlock();
    }
  }

  private void add(Open o) {
    if (open == null) {
      open = o;
    } else {
      more = more.isEmpty() ? new ArrayList<>() : more;
      more.add(o);
    }
  }

  private Collection<VariableGroup> groups() {
    VariableGroup first = null;
    TreeMap<Long, VariableGroup> all = null;
    for (Variable v : targets) {
      VariableGroup g = v == null ? null : v.group();
      if (g != null && g != first) {
        if (first != null) {
          all = all == null ? new TreeMap<>() : all;
          all.put(first.id(), first);
          all.put(g.id(), g);
        } else {
          first = g;
        }
      }
    }
    return all != null ? all.values() : first != null ? List.of(first) : List.of();
  }

  private @Nullable Open of(@Nullable Variable v) {
    VariableGroup g = v == null ? null : v.group();
    if (g == null || open == null || open.group == g) {
      return g == null ? null : open;
    }
    for (Open o : more) {
      if (o.group == g) {
        return o;
      }
    }
    return null;
  }

  private void unlock() {
    if (open != null) {
      open.group.unlock();
      open = null;
      more.forEach(o -> o.group.unlock());
      more = List.of();
    }
  }

  /** Makes the new values the current ones. */
  public void publish() {
    for (int i = 0; i < targets.length; i++) {
      Variable v = targets[i];
      if (v != null && of(v) != null) {
        places[i].modified();
        v.forgetRetained();
      } else if (v != null) {
        v.changed();
      }
    }
    if (open != null) {
      open.publish();
    }
    more.forEach(Open::publish);
    unlock();
  }

  /** Allows access to values again, after a failure to the old ones. */
  public void end() {
    if (open == null) {
      return;
    }
    List<Open> all = new ArrayList<>(List.of(open));
    all.addAll(more);
    for (Open o : all) {
      if (o.closed) { // others wait for what follows
        o.takeBack();
        o.publish();
      }
    }
    unlock();
  }

  @Override
  public String toString() {
    return "replacement of " + Arrays.toString(targets);
  }
}
