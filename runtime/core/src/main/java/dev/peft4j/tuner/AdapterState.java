package dev.peft4j.tuner;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * All that changes in a set of adapters, replaced as a whole: whoever reads it sees one moment.
 *
 * @param adapters in the order they were added
 * @param active those that act on calls that choose none
 * @param merged the weights of those that are merged; while there are any, they are the ones that
 *     act
 * @param standard acts on calls that choose none
 */
record AdapterState(
    SequencedMap<String, AttachedAdapter> adapters,
    List<AttachedAdapter> active,
    MergedWeights merged,
    AdapterOverlay standard) {

  /** Returns the state without adapters. */
  static AdapterState empty(MergedWeights none) {
    return of(new LinkedHashMap<>(), List.of(), none);
  }

  private static AdapterState of(
      SequencedMap<String, AttachedAdapter> adapters,
      List<AttachedAdapter> active,
      MergedWeights merged) {
    List<AttachedAdapter> acting = merged.adapters().isEmpty() ? active : merged.adapters();
    return new AdapterState(
        Collections.unmodifiableSequencedMap(adapters),
        List.copyOf(active),
        merged,
        new AdapterOverlay(acting, merged));
  }

  /** Returns the state with other adapters active and merged. */
  AdapterState with(List<AttachedAdapter> nowActive, MergedWeights nowMerged) {
    return of(adapters, nowActive, nowMerged);
  }

  /** Returns the state with one more, which is active if it is the first. */
  AdapterState plus(AttachedAdapter a) {
    SequencedMap<String, AttachedAdapter> more = new LinkedHashMap<>(adapters);
    more.put(a.name(), a);
    return of(more, adapters.isEmpty() ? List.of(a) : active, merged);
  }

  /** Returns the state without one. */
  AdapterState minus(AttachedAdapter a) {
    SequencedMap<String, AttachedAdapter> left = new LinkedHashMap<>(adapters);
    left.remove(a.name());
    return of(left, active.stream().filter(x -> x != a).toList(), merged);
  }

  /** Returns the state with another name for one, in the same place. */
  AdapterState renamed(AttachedAdapter a, String name) {
    SequencedMap<String, AttachedAdapter> all = new LinkedHashMap<>();
    adapters.forEach((n, x) -> all.put(x == a ? name : n, x));
    return of(all, active, merged);
  }
}
