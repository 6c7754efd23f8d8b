package dev.peft4j.io;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Finds the one change of names that would make most missing keys match unexpected ones. */
final class RenameHint {
  /** Beyond this many keys the search would cost more than it helps. */
  private static final int LIMIT = 20_000;

  /** A name this long is no parameter's, and has too many ends to try them all. */
  private static final int LONGEST = 500;

  private RenameHint() {}

  /**
   * The change as half a sentence; null if no change explains at least half of the missing keys.
   */
  static @Nullable String find(List<String> missing, List<String> unexpected) {
    boolean worthwhile =
        !missing.isEmpty()
            && !unexpected.isEmpty()
            && Math.max(missing.size(), unexpected.size()) <= LIMIT;
    if (!worthwhile) {
      return null;
    }
    List<String> there = unexpected.stream().filter(u -> u.length() <= LONGEST).toList();
    Map<String, Integer> votes = new TreeMap<>();
    votePrefixes(missing, there, votes);
    voteSegments(missing, there, votes);
    String best = null;
    int most = 0;
    for (Map.Entry<String, Integer> e : votes.entrySet()) {
      if (e.getValue() > most) {
        most = e.getValue();
        best = e.getKey();
      }
    }
    if (best == null || most * 2 < missing.size()) {
      return null;
    }
    return "did you mean other names? " + most + " of the missing keys are there " + best;
  }

  private static void votePrefixes(
      List<String> missing, List<String> unexpected, Map<String, Integer> votes) {
    Map<String, String> bySuffix = new HashMap<>();
    for (String u : unexpected) {
      for (String suffix : suffixes(u)) {
        bySuffix.putIfAbsent(suffix, u);
      }
    }
    for (String m : missing) {
      for (String suffix : suffixes(m)) {
        String u = bySuffix.get(suffix);
        if (u != null) {
          String here = m.substring(0, m.length() - suffix.length());
          String there = u.substring(0, u.length() - suffix.length());
          // A bare "weight" in common says nothing, unless nothing else differs.
          if (here.isEmpty() || there.isEmpty() || suffix.indexOf('.') >= 0) {
            votes.merge(describe(here, there), 1, Integer::sum);
          }
          break;
        }
      }
    }
  }

  private static String describe(String here, String there) {
    if (there.isEmpty()) {
      return "without the prefix '" + here + "'";
    }
    return here.isEmpty()
        ? "with the prefix '" + there + "' in front"
        : "with the prefix '" + there + "' in place of '" + here + "'";
  }

  private static void voteSegments(
      List<String> missing, List<String> unexpected, Map<String, Integer> votes) {
    Set<String> needed = new HashSet<>(missing);
    for (String u : unexpected) {
      without(u)
          .forEach(
              (rest, segment) -> {
                if (needed.contains(rest)) {
                  votes.merge("with '" + segment + ".' within", 1, Integer::sum);
                }
              });
    }
    Set<String> there = new HashSet<>(unexpected);
    for (String m : missing) {
      without(m)
          .forEach(
              (rest, segment) -> {
                if (there.contains(rest)) {
                  votes.merge("without '" + segment + ".' within", 1, Integer::sum);
                }
              });
    }
  }

  /** The name itself and what is left of it after each dot, longest first. */
  private static List<String> suffixes(String name) {
    List<String> out = new ArrayList<>();
    for (int at = 0; at >= 0; ) {
      out.add(name.substring(at));
      int dot = name.indexOf('.', at);
      at = dot < 0 ? -1 : dot + 1;
    }
    return out;
  }

  /** The name without one of its inner segments, and that segment. */
  private static Map<String, String> without(String name) {
    Map<String, String> out = new HashMap<>();
    String[] parts = name.split("\\.", -1);
    for (int i = 1; i < parts.length; i++) {
      List<String> rest = new ArrayList<>(List.of(parts));
      rest.remove(i);
      out.putIfAbsent(String.join(".", rest), parts[i]);
    }
    return out;
  }
}
