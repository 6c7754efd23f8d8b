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
 * New values of variables that take the place of the old ones, those of one group at one moment. If
 * another thread computes with the old values of a group, the new ones go into other memory, else
 * into the same.
 *
 * <p>{@link #begin} when the new values are there, {@link #publish} when they are written, {@link
 * #end} whatever happened.
 */
public final class Replacement {
  private final @Nullable Variable[] targets;

  /** The leaves that stand for the values which are replaced; null replaces whatever is there. */
  private final @Nullable Node @Nullable [] leaves;

  private final Storage[] places;

  /** The groups that are locked: one almost always. */
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

    /** Of a group that is locked. */
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

    /** The old values again; they may have been written to. */
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
      Thread me = Thread.currentThread();
      group.publish(Snapshot.of(group, old.number() + 1, values, versions, tainted, me));
    }
  }

  private Replacement(@Nullable Variable[] targets, @Nullable Node @Nullable [] leaves) {
    this.targets = targets;
    this.leaves = leaves;
    this.places = new Storage[targets.length];
  }

  /** For the targets of a computation. */
  public static Replacement of(Trace trace) {
    return new Replacement(trace.targets(), trace.targetLeaves());
  }

  /** For whatever value the variables have. */
  static Replacement of(List<Variable> targets) {
    return new Replacement(targets.toArray(new @Nullable Variable[0]), null);
  }

  /**
   * Memory of each target's size and type, the same array each time; what is to be written to is
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
   * Stops others from taking values of the targets' groups, for as long as the new ones are
   * written, and says where to write them.
   *
   * @throws StaleTensorException if somebody else has replaced a target meanwhile; nothing is
   *     changed
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

  /** Locks the targets' groups, always in one order; again if one has become a part of another. */
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

  /** Makes the new values the present ones. */
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

  /** Lets others take values again, after a failure those that are there. */
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
