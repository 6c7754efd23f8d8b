package dev.peft4j.constraint;

import dev.peft4j.transformers.TokenBytes;
import java.util.Arrays;
import java.util.BitSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A constraint over the tokens of a vocabulary: which of them may follow. What was found out is
 * kept, so that a state of the text is looked at once. For many threads.
 */
public final class TokenMasks {
  /** A place in a text that is made. */
  public static final class Place {
    private final Machine.State state;
    private final boolean first;

    private Place(Machine.State state, boolean first) {
      this.state = state;
      this.first = first;
    }

    /** Returns whether the text may end here. */
    public boolean isComplete() {
      return state.isComplete();
    }
  }

  private record Key(Machine.State state, boolean first) {}

  /**
   * The tokens that may follow.
   *
   * @param allowed their ids
   * @param furthest the most bytes to an end behind one of them
   */
  private record Mask(BitSet allowed, int furthest) {}

  private static final int MAX_MASKS = 1_000;

  private final Machine machine;
  private final TokenTable table;
  private final TokenTable beginning;
  private final Map<Key, Mask> masks =
      new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Mask> eldest) {
          return size() > MAX_MASKS;
        }
      };

  TokenMasks(Grammar grammar, TokenTable table, TokenTable beginning) {
    this.machine = new Machine(grammar);
    this.table = table;
    this.beginning = beginning;
  }

  static TokenMasks of(Constraint constraint, TokenBytes tokens) {
    TokenTable table = TokenTable.of(tokens, false);
    TokenTable beginning = tokens.beginsDifferently() ? TokenTable.of(tokens, true) : table;
    return new TokenMasks(constraint.grammar(table.writable()), table, beginning);
  }

  /** Returns the beginning of a text. */
  public Place start() {
    return new Place(machine.start(), true);
  }

  /** Returns the place behind a token; null if it does not fit. */
  public @Nullable Place next(Place place, int token) {
    byte[] bytes = (place.first ? beginning : table).bytes(token);
    if (bytes.length == 0) {
      return null;
    }
    Machine.State s = place.state;
    for (byte b : bytes) {
      s = machine.next(s, b & 0xFF);
      if (s.isDead()) {
        return null;
      }
    }
    return new Place(s, false);
  }

  /** Returns the tokens that may follow; empty where the text can only end. Not to be changed. */
  public BitSet allowed(Place place) {
    return mask(place).allowed;
  }

  /**
   * Returns the tokens that may follow if the text is to be complete within a number of tokens,
   * that one included. Where it is not certain that this can be done, those that come closest.
   */
  public BitSet allowed(Place place, int tokens) {
    Mask mask = mask(place);
    if (mask.furthest < tokens) { // a token is a byte at least
      return mask.allowed;
    }
    BitSet in = new BitSet(mask.allowed.length());
    BitSet closest = new BitSet();
    int[] least = {Integer.MAX_VALUE};
    Map<Machine.State, Integer> needed = new IdentityHashMap<>();
    walk(
        place,
        (token, state) -> {
          int n = needed.computeIfAbsent(state, this::tokensToEnd);
          if (n < tokens) {
            in.set(token);
          }
          if (n < least[0]) {
            least[0] = n;
            closest.clear();
          }
          if (n == least[0]) {
            closest.set(token);
          }
        });
    return in.isEmpty() ? closest : in;
  }

  /** A number of tokens that are enough to complete the text. */
  private int tokensToEnd(Machine.State from) {
    byte[] text = new byte[Math.min(from.distance(), 1 << 16)];
    Machine.State s = from;
    int n = 0;
    while (n < text.length) {
      int b = machine.towardsEnd(s);
      if (b < 0) {
        break;
      }
      text[n++] = (byte) b;
      s = machine.next(s, b);
    }
    if (!s.isComplete()) {
      return Integer.MAX_VALUE - 1;
    }
    int tokens = 0;
    for (int at = 0; at < n; tokens++) {
      at += Math.max(1, table.longest(text, at, n));
    }
    return tokens;
  }

  private Mask mask(Place place) {
    Key key = new Key(place.state, place.first);
    synchronized (masks) {
      Mask known = masks.get(key);
      if (known != null) {
        return known;
      }
    }
    BitSet allowed = new BitSet();
    int[] furthest = {0};
    walk(
        place,
        (token, state) -> {
          allowed.set(token);
          furthest[0] = Math.max(furthest[0], state.distance());
        });
    Mask made = new Mask(allowed, furthest[0]);
    synchronized (masks) {
      masks.put(key, made);
    }
    return made;
  }

  private interface Visitor {
    void accept(int token, Machine.State state);
  }

  private void walk(Place place, Visitor visitor) {
    TokenTable t = place.first ? beginning : table;
    Machine.State[] path = new Machine.State[16]; // behind each byte of the current token
    path[0] = place.state;
    int alive = 0; // how many bytes of it fit
    for (int i = 0; i < t.size(); i++) {
      int shared = t.shared(i);
      if (shared > alive) {
        continue; // it has the byte that did not fit
      }
      byte[] b = t.bytesAt(i);
      alive = shared;
      if (b.length >= path.length) {
        path = Arrays.copyOf(path, 2 * b.length);
      }
      while (alive < b.length) {
        Machine.State next = machine.next(path[alive], b[alive] & 0xFF);
        if (next.isDead()) {
          break;
        }
        path[++alive] = next;
      }
      if (alive == b.length) {
        visitor.accept(t.token(i), path[alive]);
      }
    }
  }
}
