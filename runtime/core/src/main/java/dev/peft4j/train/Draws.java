package dev.peft4j.train;

import dev.peft4j.data.Rng;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * The states of all generators that a batch draws random numbers from: the one that is {@link
 * Rng#current()} while training, then those of the model by their order. A batch that starts with
 * the same states draws the same numbers, in whatever process and by whatever thread.
 *
 * @param states one for each generator
 */
public record Draws(List<State> states) implements Serializable {
  private static final long serialVersionUID = 1L;

  /**
   * The state of a generator.
   *
   * @param seed its seed
   * @param position how many numbers it has drawn
   */
  public record State(long seed, long position) implements Serializable {
    private static final long serialVersionUID = 1L;
  }

  /** Creates a copy of a list of states. */
  public Draws {
    states = List.copyOf(states);
  }

  /** Returns the states that generators have now. */
  static Draws of(Collection<Rng> generators) {
    return new Draws(generators.stream().map(g -> new State(g.seed(), g.position())).toList());
  }

  /** Sets the generators to these states. */
  void restore(List<Rng> generators) {
    if (generators.size() != states.size()) {
      throw new IllegalStateException(
          "the model has "
              + (generators.size() - 1)
              + " random generators, the one that is trained has "
              + (states.size() - 1)
              + ": they are not made alike");
    }
    for (int i = 0; i < states.size(); i++) {
      generators.get(i).restore(states.get(i).seed(), states.get(i).position());
    }
  }

  /** Returns how many numbers each generator has drawn since {@code earlier}. */
  long[] since(Draws earlier) {
    long[] counts = new long[states.size()];
    for (int i = 0; i < counts.length; i++) {
      counts[i] = states.get(i).position() - earlier.states.get(i).position();
    }
    return counts;
  }

  /** Returns the states after each generator has drawn so many further numbers. */
  Draws after(long[] counts) {
    List<State> later = new ArrayList<>();
    for (int i = 0; i < counts.length; i++) {
      later.add(new State(states.get(i).seed(), states.get(i).position() + counts[i]));
    }
    return new Draws(later);
  }
}
