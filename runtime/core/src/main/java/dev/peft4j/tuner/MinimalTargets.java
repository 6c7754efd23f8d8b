package dev.peft4j.tuner;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Condenses long lists of targets to the ends of paths that tell them from all other modules, as
 * peft does.
 */
final class MinimalTargets {
  /** peft's {@code MIN_TARGET_MODULES_FOR_OPTIMIZATION}: shorter lists stay as they are. */
  private static final int LEAST = 20;

  private MinimalTargets() {}

  /**
   * The list to match and to save (peft's {@code inject_adapter} and {@code
   * _find_minimal_target_modules}).
   *
   * @param targets paths or ends of paths
   * @param paths all modules of the model
   */
  static List<String> of(List<String> targets, Collection<String> paths) {
    Set<String> wanted = new LinkedHashSet<>(targets);
    if (wanted.size() < LEAST) {
      return targets;
    }
    Set<String> endsOfOthers = new HashSet<>();
    for (String path : paths) {
      List<String> ends = ends(path);
      if (ends.stream().noneMatch(wanted::contains)) {
        endsOfOthers.addAll(ends);
      }
    }
    Map<String, List<String>> endsOf = new HashMap<>();
    wanted.forEach(t -> endsOf.put(t, ends(t)));
    List<String> order = new ArrayList<>(wanted);
    order.sort(
        Comparator.comparing(t -> endsOf.getOrDefault(t, List.of()), MinimalTargets::compare));
    Set<String> minimal = new LinkedHashSet<>();
    for (String target : order) {
      for (String end : endsOf.getOrDefault(target, List.of())) {
        boolean usable = !minimal.contains(end) && !endsOfOthers.contains(end);
        if (usable && isFree(target, minimal, endsOf.getOrDefault(target, List.of()))) {
          minimal.add(end);
          break;
        }
      }
    }
    return minimal.isEmpty() || minimal.size() >= wanted.size() ? targets : List.copyOf(minimal);
  }

  private static boolean isFree(String target, Set<String> minimal, List<String> ends) {
    return ends.stream().noneMatch(e -> !e.equals(target) && minimal.contains(e));
  }

  /** {@code c}, {@code b.c}, {@code a.b.c}. */
  private static List<String> ends(String path) {
    List<String> ends = new ArrayList<>();
    for (int dot = path.lastIndexOf('.'); dot >= 0; dot = path.lastIndexOf('.', dot - 1)) {
      ends.add(path.substring(dot + 1));
    }
    ends.add(path);
    return ends;
  }

  private static int compare(List<String> a, List<String> b) {
    for (int i = 0; i < a.size() && i < b.size(); i++) {
      int c = a.get(i).compareTo(b.get(i));
      if (c != 0) {
        return c;
      }
    }
    return Integer.compare(a.size(), b.size());
  }
}
