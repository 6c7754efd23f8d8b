package dev.peft4j.constraint;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * A deterministic automaton over code points: a set of texts. State 0 is the first one; every state
 * leads to an accepting one, so a set without texts has no states.
 */
final class Dfa {
  static final int MAX_STATES = 20_000;

  private static final int MERGED_UP_TO = 1_000;

  static final Dfa NONE = new Dfa(new int[0][], new int[0][], new boolean[0]);
  static final Dfa ALL = all();

  /** For each state, first and last code point of its edges, in order, and where they lead. */
  private final int[][] ranges;

  private final int[][] targets;
  private final boolean[] accepts;

  private Dfa(int[][] ranges, int[][] targets, boolean[] accepts) {
    this.ranges = ranges;
    this.targets = targets;
    this.accepts = accepts;
  }

  private static Dfa all() {
    Builder b = new Builder();
    b.state(true);
    b.edge(0, CodePoints.ALL, 0);
    return b.build();
  }

  /** Returns the set of one text. */
  static Dfa of(String text) {
    Builder b = new Builder();
    int[] points = text.codePoints().toArray();
    for (int i = 0; i <= points.length; i++) {
      b.state(i == points.length);
    }
    for (int i = 0; i < points.length; i++) {
      b.edge(i, points[i], points[i], i + 1);
    }
    return b.build().trimmed();
  }

  /** Returns the set of texts whose length is in a range; {@code max} is -1 for any. */
  static Dfa length(int min, int max) {
    Builder b = new Builder();
    int last = max < 0 ? min : max;
    for (int i = 0; i <= last; i++) {
      b.state(i >= min);
    }
    for (int i = 0; i < last; i++) {
      b.edge(i, CodePoints.ALL, i + 1);
    }
    if (max < 0) {
      b.edge(last, CodePoints.ALL, last);
    }
    return b.build();
  }

  /**
   * Returns the automaton of a rule: its states are values.
   *
   * @param first where it begins
   * @param alphabet the characters that it reads
   * @param step returns the state behind a character; null for none
   */
  static <S> Dfa explore(S first, String alphabet, Step<S> step, Predicate<S> accepts) {
    Builder b = new Builder();
    Map<S, Integer> ids = new HashMap<>();
    List<S> all = new ArrayList<>();
    ids.put(first, b.state(accepts.test(first)));
    all.add(first);
    for (int i = 0; i < all.size(); i++) {
      for (int c = 0; c < alphabet.length(); c++) {
        S next = step.next(all.get(i), alphabet.charAt(c));
        if (next != null) {
          Integer id = ids.get(next);
          if (id == null) {
            id = b.state(accepts.test(next));
            ids.put(next, id);
            all.add(next);
          }
          b.edge(i, alphabet.charAt(c), alphabet.charAt(c), id);
        }
      }
    }
    return b.build().smallest();
  }

  /** A step of a rule. */
  @FunctionalInterface
  interface Step<S> {
    @Nullable S next(S state, char c);
  }

  boolean isEmpty() {
    return accepts.length == 0;
  }

  int size() {
    return accepts.length;
  }

  boolean accepts(int state) {
    return accepts[state];
  }

  int edges(int state) {
    return targets[state].length;
  }

  int first(int state, int edge) {
    return ranges[state][2 * edge];
  }

  int last(int state, int edge) {
    return ranges[state][2 * edge + 1];
  }

  int target(int state, int edge) {
    return targets[state][edge];
  }

  /** Returns the state behind a code point; -1 for none. */
  int next(int state, int codePoint) {
    int[] r = ranges[state];
    for (int i = 0; i < r.length; i += 2) {
      if (codePoint >= r[i] && codePoint <= r[i + 1]) {
        return targets[state][i / 2];
      }
    }
    return -1;
  }

  boolean matches(String text) {
    int state = isEmpty() ? -1 : 0;
    for (int i = 0;
        i < text.length() && state >= 0;
        i += Character.charCount(text.codePointAt(i))) {
      state = next(state, text.codePointAt(i));
    }
    return state >= 0 && accepts[state];
  }

  Dfa and(Dfa other) {
    return combine(other, false);
  }

  Dfa minus(Dfa other) {
    return combine(other, true);
  }

  Dfa not() {
    return ALL.minus(this);
  }

  Dfa or(Dfa other) {
    return isEmpty() ? other : other.isEmpty() ? this : not().and(other.not()).not();
  }

  /** Returns these texts in one of the characters' subset. */
  Dfa over(CodePoints characters) {
    if (characters.equals(CodePoints.ALL)) {
      return this;
    }
    Builder b = new Builder();
    b.state(true);
    b.edge(0, characters, 0);
    return and(b.build());
  }

  private Dfa combine(Dfa other, boolean without) {
    if (isEmpty()) {
      return this;
    }
    if (other.isEmpty()) {
      return without ? this : other;
    }
    Builder b = new Builder();
    Map<Long, Integer> ids = new HashMap<>();
    List<int[]> pairs = new ArrayList<>();
    ToIntFunction<int[]> id =
        pair -> {
          Long key = ((long) pair[0] << 32) | (pair[1] & 0xFFFFFFFFL);
          Integer known = ids.get(key);
          if (known == null) {
            boolean theirs = pair[1] >= 0 && other.accepts[pair[1]];
            known = b.state(accepts[pair[0]] && (without ? !theirs : theirs));
            if (known > 4 * MAX_STATES) {
              throw new ConstraintException(
                  "the constraint", "needs more than " + 4 * MAX_STATES + " states");
            }
            ids.put(key, known);
            pairs.add(pair);
          }
          return known;
        };
    int start = id.applyAsInt(new int[] {0, 0});
    for (int i = start; i < pairs.size(); i++) {
      int[] pair = pairs.get(i);
      for (int e = 0; e < edges(pair[0]); e++) {
        int from = first(pair[0], e);
        int last = last(pair[0], e);
        while (from <= last) { // the parts of the edge that the other one divides it into
          int theirs = -1;
          int to = last;
          for (int f = 0; pair[1] >= 0 && f < other.edges(pair[1]); f++) {
            int begin = other.first(pair[1], f);
            int end = other.last(pair[1], f);
            if (begin <= from && from <= end) {
              theirs = other.target(pair[1], f);
              to = Math.min(last, end);
              break;
            } else if (begin > from) {
              to = Math.min(to, begin - 1);
              break;
            }
          }
          if (without || theirs >= 0) {
            b.edge(i, from, to, id.applyAsInt(new int[] {target(pair[0], e), theirs}));
          }
          from = to + 1;
        }
      }
    }
    return b.build().smallest();
  }

  /** Returns the same set without states that lead nowhere. */
  private Dfa trimmed() {
    int n = size();
    List<List<Integer>> back = new ArrayList<>();
    for (int s = 0; s < n; s++) {
      back.add(new ArrayList<>());
    }
    for (int s = 0; s < n; s++) {
      for (int t : targets[s]) {
        back.get(t).add(s);
      }
    }
    BitSet useful = new BitSet();
    ArrayDeque<Integer> open = new ArrayDeque<>();
    for (int s = 0; s < n; s++) {
      if (accepts[s]) {
        useful.set(s);
        open.add(s);
      }
    }
    while (!open.isEmpty()) {
      for (int s : back.get(open.remove())) {
        if (!useful.get(s)) {
          useful.set(s);
          open.add(s);
        }
      }
    }
    if (n == 0 || !useful.get(0)) {
      return NONE;
    }
    if (useful.cardinality() == n) {
      return this;
    }
    int[] names = new int[n];
    for (int s = 0, k = 0; s < n; s++) {
      names[s] = useful.get(s) ? k++ : -1;
    }
    return renamed(names, useful.cardinality());
  }

  /** Returns the automaton with other numbers of states; -1 drops one. */
  private Dfa renamed(int[] names, int count) {
    Builder b = new Builder();
    boolean[] accepting = new boolean[count];
    int[] example = new int[count];
    for (int s = size() - 1; s >= 0; s--) {
      if (names[s] >= 0) {
        accepting[names[s]] = accepts[s];
        example[names[s]] = s;
      }
    }
    for (boolean a : accepting) {
      b.state(a);
    }
    for (int k = 0; k < count; k++) {
      int s = example[k];
      for (int e = 0; e < edges(s); e++) {
        if (names[target(s, e)] >= 0) {
          b.edge(k, first(s, e), last(s, e), names[target(s, e)]);
        }
      }
    }
    return b.build();
  }

  /** Returns the same set with as few states as it can have, if there are not many. */
  Dfa smallest() {
    Dfa all = trimmed();
    int n = all.size();
    if (n > MERGED_UP_TO) {
      return all; // it takes the square of their number
    }
    int[] group = new int[n];
    for (int s = 0; s < n; s++) {
      group[s] = all.accepts[s] ? 1 : 0;
    }
    int groups = (int) Arrays.stream(group).distinct().count();
    while (true) { // states of a group that lead to other groups are no longer of one
      Map<List<Integer>, Integer> ids = new HashMap<>();
      int[] next = new int[n];
      for (int s = 0; s < n; s++) {
        List<Integer> key = new ArrayList<>();
        key.add(group[s]);
        for (int e = 0; e < all.edges(s); e++) {
          int to = group[all.target(s, e)];
          int size = key.size();
          boolean joins =
              size > 1 && key.get(size - 1) == to && key.get(size - 2) == all.first(s, e) - 1;
          if (joins) {
            key.set(size - 2, all.last(s, e));
          } else {
            key.add(all.first(s, e));
            key.add(all.last(s, e));
            key.add(to);
          }
        }
        next[s] = ids.computeIfAbsent(key, k -> ids.size());
      }
      if (ids.size() == groups) {
        break;
      }
      groups = ids.size();
      group = next;
    }
    return n == 0 ? NONE : all.renamed(firstIsZero(group), groups);
  }

  private static int[] firstIsZero(int[] group) {
    int first = group[0];
    int[] out = group.clone();
    for (int i = 0; i < out.length; i++) {
      out[i] = group[i] == first ? 0 : group[i] == 0 ? first : group[i];
    }
    return out;
  }

  /** A builder of automata. */
  static final class Builder {
    private final List<Boolean> accepts = new ArrayList<>();
    private final List<int[]> ranges = new ArrayList<>();
    private final List<int[]> targets = new ArrayList<>();

    int state(boolean accepting) {
      accepts.add(accepting);
      ranges.add(new int[0]);
      targets.add(new int[0]);
      return accepts.size() - 1;
    }

    void edge(int from, CodePoints chars, int to) {
      for (int r = 0; r < chars.rangeCount(); r++) {
        edge(from, chars.first(r), chars.last(r), to);
      }
    }

    /** Adds an edge; those of a state come in ascending order. */
    void edge(int from, int first, int last, int to) {
      int[] r = ranges.get(from);
      int[] t = targets.get(from);
      if (t.length > 0 && t[t.length - 1] == to && r[r.length - 1] == first - 1) {
        r[r.length - 1] = last;
        return;
      }
      int[] longer = Arrays.copyOf(r, r.length + 2);
      longer[r.length] = first;
      longer[r.length + 1] = last;
      ranges.set(from, longer);
      int[] more = Arrays.copyOf(t, t.length + 1);
      more[t.length] = to;
      targets.set(from, more);
    }

    Dfa build() {
      boolean[] all = new boolean[accepts.size()];
      for (int i = 0; i < all.length; i++) {
        all[i] = accepts.get(i);
      }
      return new Dfa(ranges.toArray(int[][]::new), targets.toArray(int[][]::new), all);
    }
  }
}
