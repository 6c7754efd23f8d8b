package dev.peft4j.target;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * Expressions of which each names what it matches from one dot of a path on, either to the path's
 * end or to any later dot. Those that are just names, as most are, are looked up.
 */
final class PatternList {
  /** Beyond this many different patterns of dots they are tried like other expressions. */
  private static final int MAX_MASKS = 1000;

  private record Tried(int order, Regex regex) {}

  /**
   * Names of one length that have their dots, which stand for any character, at the same places.
   */
  private static final class Masked {
    private final int[] dots;
    private final boolean anchored;
    private final Map<String, Integer> order = new HashMap<>();

    Masked(int[] dots, boolean anchored) {
      this.dots = dots;
      this.anchored = anchored;
    }

    int find(String part) {
      String key = part;
      if (dots.length > 0) {
        char[] c = part.toCharArray();
        for (int dot : dots) {
          c[dot] = '.';
        }
        key = new String(c);
      }
      return order.getOrDefault(key, Integer.MAX_VALUE);
    }
  }

  private final List<String> patterns;
  private final boolean anyEnd;
  private final Map<Integer, List<Masked>> byLength = new HashMap<>();
  private final List<Tried> tried = new ArrayList<>();
  private final Regex.Budget budget;
  private final String before;
  private final String after;
  private int masks;

  /**
   * Compiles.
   *
   * @param setting what peft calls the setting that they stand in
   * @param before what peft writes before each expression
   * @param after what it writes after it
   * @param anyEnd whether a dot may follow
   * @throws PatternSyntaxException if one is not a regular expression
   */
  PatternList(
      String setting, Collection<String> patterns, String before, String after, boolean anyEnd) {
    this.patterns = List.copyOf(patterns);
    this.anyEnd = anyEnd;
    this.before = before;
    this.after = after;
    this.budget = new Regex.Budget(setting, this.patterns.size());
    for (int i = 0; i < this.patterns.size(); i++) {
      add(i, this.patterns.get(i));
    }
  }

  private void add(int order, String pattern) {
    Regex alone;
    try {
      alone = Regex.compile(pattern);
    } catch (PatternSyntaxException e) {
      alone = null;
      if (!compilesInPlace(pattern)) {
        throw e;
      }
    }
    Regex.Plain plain = alone == null ? null : alone.plain();
    if (plain == null || masks >= MAX_MASKS || !index(order, plain)) {
      tried.add(new Tried(order, Regex.compile(before + pattern + after, false, budget)));
    }
  }

  private boolean compilesInPlace(String pattern) {
    try {
      return Regex.compile(before + pattern + after) != null;
    } catch (PatternSyntaxException e) {
      return false;
    }
  }

  private boolean index(int order, Regex.Plain plain) {
    int[] chars = plain.chars();
    StringBuilder name = new StringBuilder(chars.length);
    int[] dots = new int[chars.length];
    int n = 0;
    for (int i = 0; i < chars.length; i++) {
      if (chars[i] == '\n' || chars[i] > Character.MAX_VALUE) {
        return false;
      }
      if (chars[i] < 0) {
        dots[n++] = i;
      }
      name.append(chars[i] < 0 ? '.' : (char) chars[i]);
    }
    int[] places = Arrays.copyOf(dots, n);
    List<Masked> same = byLength.computeIfAbsent(chars.length, k -> new ArrayList<>());
    for (Masked m : same) {
      if (m.anchored == plain.anchored() && Arrays.equals(m.dots, places)) {
        m.order.putIfAbsent(name.toString(), order);
        return true;
      }
    }
    Masked m = new Masked(places, plain.anchored());
    m.order.put(name.toString(), order);
    same.add(m);
    masks++;
    return true;
  }

  /** The first expression that names a path, or a part of it; null if none does. */
  @Nullable String first(String path) {
    int best = Integer.MAX_VALUE;
    if (path.indexOf('\n') >= 0) {
      return firstByTrying(path);
    }
    if (masks > 0) {
      for (int from = 0; from >= 0; from = next(path, from)) {
        best = Math.min(best, from(path, from));
      }
    }
    for (Tried t : tried) {
      if (t.order > best) {
        break;
      }
      if (t.regex.startsWith(path)) {
        return patterns.get(t.order);
      }
    }
    return best == Integer.MAX_VALUE ? null : patterns.get(best);
  }

  /** Where the next part of a path begins; -1 after the last. */
  private static int next(String path, int from) {
    int dot = path.indexOf('.', from);
    return dot < 0 ? -1 : dot + 1;
  }

  private int from(String path, int from) {
    int best = Integer.MAX_VALUE;
    int to = anyEnd ? path.indexOf('.', from) : path.length();
    while (true) {
      int end = to < 0 ? path.length() : to;
      for (Masked m : byLength.getOrDefault(end - from, List.of())) {
        if (!m.anchored || from == 0) {
          best = Math.min(best, m.find(path.substring(from, end)));
        }
      }
      if (end == path.length()) {
        return best;
      }
      to = path.indexOf('.', end + 1);
    }
  }

  private @Nullable String firstByTrying(String path) {
    for (String pattern : patterns) {
      if (Regex.compile(before + pattern + after, false, budget).startsWith(path)) {
        return pattern;
      }
    }
    return null;
  }
}
