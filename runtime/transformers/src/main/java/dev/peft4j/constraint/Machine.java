package dev.peft4j.constraint;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A grammar made deterministic while it is used: a state is the set of all places in the rules
 * where a text may be, and is made when a text first comes there. Rules in one another are bounded,
 * and no state is one from which the text cannot be completed. For many threads.
 */
final class Machine {
  /** The most rules in one another. */
  static final int MAX_DEPTH = 64;

  /** How many states are remembered; those that are forgotten are made again. */
  private static final int MAX_KEPT = 50_000;

  private static final int MAX_PLACES = 10_000;

  /** A rule that was called: where it goes on behind it. */
  private static final class Frame {
    final int back;
    final @Nullable Frame below;
    final int depth;
    final int distance;

    Frame(int back, @Nullable Frame below, int distance) {
      this.back = back;
      this.below = below;
      this.depth = below == null ? 1 : below.depth + 1;
      this.distance = distance;
    }

    @Override
    public boolean equals(@Nullable Object o) {
      return o instanceof Frame f && back == f.back && below == f.below;
    }

    @Override
    public int hashCode() {
      return 31 * back + System.identityHashCode(below);
    }
  }

  /** A place in a rule, and the rules around it. */
  private record Place(int state, @Nullable Frame frame) {
    @Override
    public boolean equals(@Nullable Object o) {
      return o instanceof Place p && state == p.state && frame == p.frame;
    }

    @Override
    public int hashCode() {
      return 31 * state + System.identityHashCode(frame);
    }
  }

  /** A state of the machine. */
  static final class State {
    private final Set<Place> places;
    private final boolean complete;
    private final int distance;
    private final State[] next = new State[256];

    private State(Set<Place> places, boolean complete, int distance) {
      this.places = places;
      this.complete = complete;
      this.distance = distance;
    }

    /** Returns whether the text may end here. */
    boolean isComplete() {
      return complete;
    }

    /** Returns whether no text comes here. */
    boolean isDead() {
      return places.isEmpty() && !complete;
    }

    /** Returns the least number of bytes that complete the text. */
    int distance() {
      return distance;
    }
  }

  private final Grammar grammar;
  private final State dead = new State(Set.of(), false, Grammar.FAR);
  private final Map<Frame, Frame> frames = new HashMap<>();
  private final Map<Set<Place>, State> incomplete = new HashMap<>();
  private final Map<Set<Place>, State> complete = new HashMap<>();
  private final State start;

  Machine(Grammar grammar) {
    this.grammar = grammar;
    Closure c = new Closure();
    c.add(grammar.start, null);
    this.start = c.state();
  }

  State start() {
    return start;
  }

  /** Returns the state behind a byte; a dead one if the byte does not fit. */
  State next(State from, int b) {
    State known = from.next[b];
    if (known != null) {
      return known;
    }
    synchronized (this) {
      Closure c = new Closure();
      for (Place p : from.places) {
        int[] edges = grammar.bytes[p.state];
        for (int e = 0; e < edges.length; e += 3) {
          if (b >= edges[e] && b <= edges[e + 1]) {
            c.add(edges[e + 2], p.frame);
          }
        }
      }
      State to = c.state();
      from.next[b] = to;
      return to;
    }
  }

  /** Returns the byte that leads to the end in the fewest bytes; -1 at an end. */
  int towardsEnd(State from) {
    int best = -1;
    int least = from.complete ? 0 : Grammar.FAR;
    for (int b = 0; b < 256 && least > 0; b++) {
      State to = next(from, b);
      if (!to.isDead() && to.distance + 1 < least) {
        least = to.distance + 1;
        best = b;
      }
    }
    return best;
  }

  private int depth(@Nullable Frame frame) {
    return frame == null ? 0 : frame.depth;
  }

  private int distance(@Nullable Frame frame) {
    return frame == null ? 0 : frame.distance;
  }

  /** All places that can be reached without a byte. */
  private final class Closure {
    private final Set<Place> seen = new LinkedHashSet<>();
    private final ArrayDeque<Place> open = new ArrayDeque<>();
    private final Set<Place> reading = new LinkedHashSet<>();
    private boolean ends;
    private int near = Grammar.FAR;

    void add(int state, @Nullable Frame frame) {
      boolean lives =
          grammar.distance[state] < Grammar.FAR && depth(frame) + grammar.depth[state] <= MAX_DEPTH;
      if (!lives || !seen.add(new Place(state, frame))) {
        return;
      }
      if (seen.size() > MAX_PLACES) {
        throw new ConstraintException(
            "the constraint",
            "can be read in more than "
                + MAX_PLACES
                + " ways at once; make its parts differ early");
      }
      open.add(new Place(state, frame));
    }

    State state() {
      while (!open.isEmpty()) {
        Place p = open.remove();
        int s = p.state;
        if (grammar.bytes[s].length > 0) {
          reading.add(p);
          near = Math.min(near, grammar.distance[s] + distance(p.frame));
        }
        for (int to : grammar.free[s]) {
          add(to, p.frame);
        }
        if (grammar.call[s] >= 0) {
          int back = grammar.back[s];
          Frame made = new Frame(back, p.frame, grammar.distance[back] + distance(p.frame));
          Frame frame = frames.computeIfAbsent(made, f -> f);
          add(grammar.call[s], frame);
        }
        if (grammar.end[s]) {
          if (p.frame == null) {
            ends = true;
          } else {
            add(p.frame.back, p.frame.below);
          }
        }
      }
      if (reading.isEmpty() && !ends) {
        return dead;
      }
      Map<Set<Place>, State> known = ends ? complete : incomplete;
      State found = known.get(reading);
      if (found == null) {
        if (incomplete.size() + complete.size() > MAX_KEPT) {
          incomplete.clear();
          complete.clear();
        }
        found = new State(reading, ends, ends ? 0 : near);
        known.put(reading, found);
      }
      return Objects.requireNonNull(found);
    }
  }
}
