package dev.peft4j.graph;

import dev.peft4j.data.Storage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * New values of variables that take the place of the old ones, those of one group at one moment. If
 * another thread computes with the old values of a group, the new ones go into other memory, else
 * into the same.
 *
 * <p>{@link #begin} when the new values are there, {@link #publish} when they are written, {@link
 * #end} whatever happened.
 */
public final class Replacement {
  private final List<? extends @Nullable Variable> targets;

  /** The leaves that stand for the values which are replaced; null replaces whatever is there. */
  private final @Nullable Node @Nullable [] leaves;

  private final List<Open> open = new ArrayList<>(1);
  private final List<VariableGroup> locked = new ArrayList<>(1);

  /** A group while its values are written. */
  private static final class Open {
    private final VariableGroup group;
    private final Snapshot old;
    private final boolean closed;
    private final Storage[] values;
    private final int[] versions;
    private final boolean[] tainted;

    Open(VariableGroup group) {
      this.group = group;
      this.old = group.now();
      this.closed = old.close();
      int n = old.size();
      this.values = old.copyOfValues(n);
      this.versions = old.copyOfVersions(n);
      this.tainted = old.copyOfTainted(n);
      if (!closed) {
        Arrays.fill(tainted, true);
      }
    }

    Storage place(int index) {
      boolean own = closed && !old.isTainted(index) && !values[index].isReadOnly();
      return own
          ? values[index]
          : Storage.allocate(values[index].dtype(), values[index].elements());
    }
  }

  private Replacement(
      List<? extends @Nullable Variable> targets, @Nullable Node @Nullable [] leaves) {
    this.targets = targets;
    this.leaves = leaves;
  }

  /** For the targets of a computation. */
  public static Replacement of(Trace trace) {
    return new Replacement(Arrays.asList(trace.targets()), trace.targetLeaves());
  }

  /** For whatever value the variables have. */
  static Replacement of(List<Variable> targets) {
    return new Replacement(targets, null);
  }

  /** Memory of each target's size and type; what is to be written to is known at {@link #begin}. */
  public Storage[] places() {
    Storage[] places = new Storage[targets.size()];
    for (int i = 0; i < places.length; i++) {
      Variable v = targets.get(i);
      if (v != null) {
        places[i] = v.group() == null ? v.writable() : v.storage();
      }
    }
    return places;
  }

  /**
   * Stops others from taking values of the targets' groups, for as long as the new ones are
   * written.
   *
   * @param places receives the memory to write to
   * @throws StaleTensorException if somebody else has replaced a target meanwhile; nothing is
   *     changed
   */
  public void begin(Storage[] places) {
    lock();
    for (int i = 0; i < places.length; i++) {
      Variable v = targets.get(i);
      Node leaf = leaves == null ? null : leaves[i];
      if (v != null && leaf != null && v.version() != leaf.version()) {
        throw new StaleTensorException(leaf);
      }
    }
    locked.forEach(g -> open.add(new Open(g)));
    for (int i = 0; i < places.length; i++) {
      Variable v = targets.get(i);
      Open o = v == null ? null : open(v);
      if (v != null && o != null) {
        int index = v.indexIn(o.group);
        places[i] = o.place(index);
        o.values[index] = places[i];
        o.versions[index]++;
        o.tainted[index] = false;
      }
    }
  }

  /** Locks the targets' groups, always in one order; again if one has become a part of another. */
  private void lock() {
    do {
      unlock();
      for (VariableGroup g : groups()) {
        g.lock();
        locked.add(g);
      }
    } while (!locked.containsAll(groups()));
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

  private void unlock() {
    locked.forEach(VariableGroup::unlock);
    locked.clear();
  }

  private @Nullable Open open(Variable v) {
    for (Open o : open) {
      if (o.group == v.group()) {
        return o;
      }
    }
    return null;
  }

  /** Makes the new values the present ones. */
  public void publish() {
    for (Variable v : targets) {
      Open o = v == null ? null : open(v);
      if (v != null && o != null) {
        o.values[v.indexIn(o.group)].modified();
        v.forgetRetained();
      } else if (v != null) {
        v.changed();
      }
    }
    open.forEach(Replacement::publish);
    open.clear();
  }

  private static void publish(Open o) {
    o.old.endedHere();
    o.group.publish(
        Snapshot.of(
            o.group,
            o.old.number() + 1,
            o.values,
            o.versions,
            o.tainted,
            Thread.currentThread()));
  }

  /** Lets others take values again; after a failure of what was written where it was written. */
  public void end() {
    for (Open o : open) {
      if (o.closed) { // others wait for what follows
        for (int i = 0; i < o.values.length; i++) {
          if (o.values[i] != o.old.value(i)) {
            o.values[i] = o.old.value(i);
            o.versions[i] = o.old.version(i);
            o.tainted[i] = o.old.isTainted(i);
          }
        }
        publish(o);
      }
    }
    open.clear();
    unlock();
  }
}
