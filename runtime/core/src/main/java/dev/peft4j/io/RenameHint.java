package dev.peft4j.io;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/** A search for the one change of names that would make most missing keys match unexpected ones. */
final class RenameHint {
  /** With more keys the search would cost more than it helps. */
  private static final int LIMIT = 20_000;

  /** Longer names are not names of parameters, and have too many suffixes to try. */
  private static final int MAX_LENGTH = 500;

  private RenameHint() {}

  /**
   * Returns the change as half a sentence; null if no change explains at least half of the missing
   * keys.
   *
   * @param sameShape whether a missing and an unexpected key have the same shape: names alone often
   *     agree between unrelated models
   */
  static @Nullable String find(
      List<String> missing, List<String> unexpected, BiPredicate<String, String> sameShape) {
    boolean worthwhile =
        !missing.isEmpty()
            && !unexpected.isEmpty()
            && Math.max(missing.size(), unexpected.size()) <= LIMIT;
    if (!worthwhile) {
      return null;
    }
    List<String> there = unexpected.stream().filter(u -> u.length() <= MAX_LENGTH).toList();
    Map.Entry<String, Integer> best = Map.entry("", 0);
    for (Map<String, Integer> votes :
        List.of(prefixes(missing, there, sameShape), segments(missing, there, sameShape))) {
      for (Map.Entry<String, Integer> e : votes.entrySet()) {
        best = e.getValue() > best.getValue() ? e : best;
      }
    }
    if (best.getValue() == 0 || best.getValue() * 2 < missing.size()) {
      return null;
    }
    return "did you mean other names? "
        + best.getValue()
        + " of the missing keys are there "
        + best.getKey();
  }

  /**
   * Returns how many keys each change of the prefix before the longest common suffix would resolve.
   */
  private static Map<String, Integer> prefixes(
      List<String> missing, List<String> unexpected, BiPredicate<String, String> sameShape) {
    Map<String, Integer> votes = new TreeMap<>();
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
          boolean enough = here.isEmpty() || there.isEmpty() || suffix.indexOf('.') >= 0;
          if (enough && sameShape.test(m, u)) {
            votes.merge(describe(here, there), 1, Integer::sum);
          }
          break;
        }
      }
    }
    return votes;
  }

  /**
   * Returns the change from {@code here} to {@code there} in words, without their common prefix.
   */
  private static String describe(String here, String there) {
    int same = 0;
    for (int i = 0; i < Math.min(here.length(), there.length()); i++) {
      if (here.charAt(i) != there.charAt(i)) {
        break;
      }
      same = here.charAt(i) == '.' ? i + 1 : same;
    }
    String old = here.substring(same);
    String now = there.substring(same);
    if (same > 0) {
      return now.isEmpty()
          ? without(old)
          : old.isEmpty() ? with(now) : "with '" + now + "' in place of '" + old + "' within";
    }
    if (now.isEmpty()) {
      return "without the prefix '" + old + "'";
    }
    return "with the prefix '"
        + now
        + (old.isEmpty() ? "' in front" : "' in place of '" + old + "'");
  }

  private static String with(String segment) {
    return "with '" + segment + "' within";
  }

  private static String without(String segment) {
    return "without '" + segment + "' within";
  }

  /** Returns how many keys one segment more or less, anywhere, would resolve. */
  private static Map<String, Integer> segments(
      List<String> missing, List<String> unexpected, BiPredicate<String, String> sameShape) {
    Map<String, Integer> votes = new TreeMap<>();
    Set<String> needed = new HashSet<>(missing);
    for (String u : unexpected) {
      shorter(u)
          .forEach(
              (rest, segment) -> {
                if (needed.contains(rest) && sameShape.test(rest, u)) {
                  votes.merge(with(segment + "."), 1, Integer::sum);
                }
              });
    }
    Set<String> there = new HashSet<>(unexpected);
    for (String m : missing) {
      shorter(m)
          .forEach(
              (rest, segment) -> {
                if (there.contains(rest) && sameShape.test(m, rest)) {
                  votes.merge(without(segment + "."), 1, Integer::sum);
                }
              });
    }
    return votes;
  }

  /** Returns the name itself and its suffixes after each dot, longest first. */
  private static List<String> suffixes(String name) {
    List<String> out = new ArrayList<>();
    for (int at = 0; at >= 0; ) {
      out.add(name.substring(at));
      int dot = name.indexOf('.', at);
      at = dot < 0 ? -1 : dot + 1;
    }
    return out;
  }

  /** Returns the name without one of its inner segments, and that segment, for each of them. */
  private static Map<String, String> shorter(String name) {
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
