package dev.peft4j.constraint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A nondeterministic automaton over code points, made of a {@link Regex}. */
final class Nfa {
  /** The most states, so that an expression from a stranger takes neither memory nor time. */
  private static final int MAX_STATES = 200_000;

  private enum Kind {
    CHARS,
    FREE,
    START,
    END
  }

  private record Edge(Kind kind, CodePoints chars, int to) {}

  private final String where;
  private final List<List<Edge>> states = new ArrayList<>();
  private final int last;

  private Nfa(Regex regex, String where) {
    this.where = where;
    int first = state();
    this.last = add(regex, first);
  }

  /** Returns the texts that an expression matches as a whole. */
  static Dfa whole(Regex regex, String where) {
    return new Nfa(regex, where).determine();
  }

  /** Returns the texts in which an expression is found. */
  static Dfa anywhere(Regex regex, String where) {
    Regex any = new Regex.Repeat(new Regex.Chars(CodePoints.ALL), 0, -1);
    return whole(new Regex.Sequence(List.of(any, regex, any)), where);
  }

  private int state() {
    if (states.size() >= MAX_STATES) {
      throw tooLarge(MAX_STATES);
    }
    states.add(new ArrayList<>(2));
    return states.size() - 1;
  }

  private ConstraintException tooLarge(int limit) {
    return new ConstraintException(
        where, "needs more than " + limit + " states; use smaller numbers of repetitions");
  }

  private int edge(int from, Kind kind, CodePoints chars) {
    int to = state();
    states.get(from).add(new Edge(kind, chars, to));
    return to;
  }

  private void free(int from, int to) {
    states.get(from).add(new Edge(Kind.FREE, CodePoints.NONE, to));
  }

  /** Adds an expression behind a state and returns the state behind it. */
  private int add(Regex regex, int from) {
    return switch (regex) {
      case Regex.Chars c -> edge(from, Kind.CHARS, c.chars());
      case Regex.Start s -> edge(from, Kind.START, CodePoints.NONE);
      case Regex.End e -> edge(from, Kind.END, CodePoints.NONE);
      case Regex.Sequence s -> {
        int at = from;
        for (Regex part : s.parts()) {
          at = add(part, at);
        }
        yield at;
      }
      case Regex.Choice c -> {
        int end = state();
        for (Regex part : c.parts()) {
          int begin = edge(from, Kind.FREE, CodePoints.NONE);
          free(add(part, begin), end);
        }
        yield end;
      }
      case Regex.Repeat r -> {
        int at = from;
        for (int i = 0; i < r.min(); i++) {
          at = add(r.part(), at);
        }
        int end = state();
        if (r.max() < 0) {
          int loop = edge(at, Kind.FREE, CodePoints.NONE);
          free(add(r.part(), loop), loop);
          free(loop, end);
        } else {
          for (int i = r.min(); i < r.max(); i++) {
            free(at, end);
            at = add(r.part(), at);
          }
          free(at, end);
        }
        yield end;
      }
    };
  }

  /** Adds what can be reached without a character. */
  private BitSet closure(BitSet set, boolean atStart, boolean atEnd) {
    int[] stack = new int[states.size()];
    int n = 0;
    for (int s = set.nextSetBit(0); s >= 0; s = set.nextSetBit(s + 1)) {
      stack[n++] = s;
    }
    while (n > 0) {
      for (Edge e : states.get(stack[--n])) {
        boolean goes =
            switch (e.kind) {
              case CHARS -> false;
              case FREE -> true;
              case START -> atStart;
              case END -> atEnd;
            };
        if (goes && !set.get(e.to)) {
          set.set(e.to);
          stack[n++] = e.to;
        }
      }
    }
    return set;
  }

  private Dfa determine() {
    Map<BitSet, Integer> found = new HashMap<>();
    List<BitSet> sets = new ArrayList<>();
    Dfa.Builder out = new Dfa.Builder();
    BitSet first = new BitSet();
    first.set(0);
    closure(first, true, false);
    // the beginning is a state of its own: anchors hold only there
    out.state(closure((BitSet) first.clone(), true, true).get(last));
    sets.add(first);
    for (int s = 0; s < sets.size(); s++) {
      List<Edge> edges = new ArrayList<>();
      BitSet from = sets.get(s);
      for (int q = from.nextSetBit(0); q >= 0; q = from.nextSetBit(q + 1)) {
        for (Edge e : states.get(q)) {
          if (e.kind == Kind.CHARS && !e.chars.isEmpty()) {
            edges.add(e);
          }
        }
      }
      int[] cuts = cuts(edges);
      for (int c = 0; c + 1 < cuts.length; c++) {
        BitSet to = new BitSet();
        for (Edge e : edges) {
          if (e.chars.contains(cuts[c])) {
            to.set(e.to);
          }
        }
        if (to.isEmpty()) {
          continue;
        }
        closure(to, false, false);
        Integer known = found.get(to);
        if (known == null) {
          if (sets.size() >= Dfa.MAX_STATES) {
            throw tooLarge(Dfa.MAX_STATES);
          }
          known = out.state(closure((BitSet) to.clone(), false, true).get(last));
          found.put(to, known);
          sets.add(to);
        }
        out.edge(s, cuts[c], cuts[c + 1] - 1, known);
      }
    }
    return out.build().smallest();
  }

  /** The code points at which some set begins, or ends before. */
  private static int[] cuts(List<Edge> edges) {
    int[] all = new int[16];
    int n = 0;
    for (Edge e : edges) {
      for (int r = 0; r < e.chars.rangeCount(); r++) {
        if (n + 2 > all.length) {
          all = Arrays.copyOf(all, 2 * all.length);
        }
        all[n++] = e.chars.first(r);
        all[n++] = e.chars.last(r) + 1;
      }
    }
    return Arrays.stream(all, 0, n).sorted().distinct().toArray();
  }
}
