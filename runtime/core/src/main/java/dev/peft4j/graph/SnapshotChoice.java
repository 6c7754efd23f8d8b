package dev.peft4j.graph;

import dev.peft4j.data.Storage;
import java.util.IdentityHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The choice of the values that the leaves of grouped variables have in one computation: all values
 * of one group are from the same moment.
 */
final class SnapshotChoice {
  private final Map<VariableGroup, Snapshot> oldest = new IdentityHashMap<>();
  private final Map<VariableGroup, Snapshot> oldestOpen = new IdentityHashMap<>();

  private SnapshotChoice(Node[] leaves) {
    for (Node leaf : leaves) {
      Snapshot s = of(leaf);
      if (s != null) {
        oldest.merge(s.group(), s, Snapshot::older);
        if (!s.isPinned()) {
          oldestOpen.merge(s.group(), s, Snapshot::older);
        }
      }
    }
  }

  private static @Nullable Snapshot of(Node leaf) {
    Snapshot s = leaf.snapshot();
    return s == null ? null : s.effective();
  }

  /**
   * Chooses, where leaves of a group come from several snapshots, the values of the oldest for all:
   * the graph was being built when the group's values were replaced.
   *
   * @param targets the leaves that the results replace
   * @param values by leaf; changed where another snapshot's value is used
   * @throws StaleTensorException if a variable would be replaced by a result computed from an
   *     earlier value of it
   */
  static void apply(Node[] leaves, @Nullable Node[] targets, Storage[] values) {
    SnapshotChoice choice = new SnapshotChoice(leaves);
    choice.checkTargets(targets);
    choice.choose(leaves, values);
  }

  private void checkTargets(@Nullable Node[] targets) {
    for (Node target : targets) {
      Variable v = target == null ? null : target.variable();
      Snapshot now = target == null ? null : of(target);
      if (target != null && v != null && now != null) {
        Snapshot used = oldest.get(now.group());
        if (used != null && used.differs(v, target.version())) {
          throw new StaleTensorException(target);
        }
      }
    }
  }

  private void choose(Node[] leaves, Storage[] values) {
    for (int i = 0; i < leaves.length; i++) {
      Snapshot s = of(leaves[i]);
      Variable v = leaves[i].variable();
      if (s != null && v != null && !s.isPinned() && !s.isMadeHere()) {
        values[i] = oldestOpen.getOrDefault(s.group(), s).value(v, values[i]);
      }
    }
  }
}
