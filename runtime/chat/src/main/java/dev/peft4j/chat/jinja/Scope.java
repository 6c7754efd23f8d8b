package dev.peft4j.chat.jinja;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A scope while code is made.
 *
 * @param top whether what is set here is seen by macros and blocks
 * @param soft whether the scope may never run, so that an unknown filter is no error yet
 * @param loop whether {@code break} can stand here
 */
record Scope(Symbols symbols, Function function, boolean top, boolean soft, boolean loop) {
  /** A function while code is made: where its variables are. */
  static final class Function {
    private final @Nullable Function outer;
    private final Map<String, Integer> slots = new HashMap<>();

    Function(@Nullable Function outer) {
      this.outer = outer;
    }

    int define(String variable) {
      return slots.computeIfAbsent(variable, v -> slots.size());
    }

    int size() {
      return slots.size();
    }

    Place place(String variable) {
      int hops = 0;
      for (Function f = this; f != null; f = f.outer) {
        Integer slot = f.slots.get(variable);
        if (slot != null) {
          return new Place(hops, slot);
        }
        hops++;
      }
      return new Place(0, define(variable));
    }
  }

  /** Where a variable is: in how many functions further out, and there. */
  record Place(int hops, int slot) {}

  static Scope root() {
    return new Scope(new Symbols((Symbols) null), new Function(null), true, false, false);
  }

  /** A scope in this one, of the same function. */
  Scope inner() {
    return new Scope(new Symbols(symbols), function, false, false, loop);
  }

  /** A scope in this one, with a function of its own. */
  Scope innerFunction() {
    return new Scope(new Symbols(symbols), new Function(function), false, false, false);
  }

  Scope softly() {
    return new Scope(symbols, function, top, true, loop);
  }

  Scope looping(boolean in) {
    return new Scope(symbols, function, top, soft, in);
  }

  Scope in(Function other) {
    return new Scope(symbols, other, top, soft, loop);
  }

  Place place(String name) {
    return function.place(symbols.ref(name));
  }

  /** What happens when the scope is entered. */
  Entry entry() {
    symbols.loads.keySet().forEach(function::define);
    List<Change> all = new ArrayList<>();
    List<Place> own = new ArrayList<>();
    symbols.loads.forEach(
        (variable, load) -> {
          int slot = function.define(variable);
          own.add(new Place(0, slot));
          switch (load.kind()) {
            case PARAMETER -> {}
            case RESOLVE -> all.add(f -> f.set(0, slot, f.rt.resolve(load.from())));
            case UNDEFINED -> all.add(f -> f.set(0, slot, null));
            case ALIAS -> {
              Place from = function.place(load.from());
              all.add(f -> f.set(0, slot, f.get(from.hops(), from.slot())));
            }
          }
        });
    return new Entry(all.toArray(new Change[0]), own.stream().mapToInt(Place::slot).toArray());
  }

  /** Something that happens to a frame. */
  interface Change {
    void run(Frame f);
  }

  /** What happens when a scope is entered and left. */
  record Entry(Change[] loads, int[] own) {
    void enter(Frame f) {
      for (Change r : loads) {
        r.run(f);
      }
    }

    void leave(Frame f) {
      for (int slot : own) {
        f.set(0, slot, null);
      }
    }
  }
}
