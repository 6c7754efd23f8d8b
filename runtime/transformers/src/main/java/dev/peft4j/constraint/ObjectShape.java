package dev.peft4j.constraint;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Objects that several schemas describe together.
 *
 * @param max the largest number of properties; -1 for any
 */
record ObjectShape(List<Layer> layers, Set<String> required, Dfa names, int min, int max) {
  static final ObjectShape ANY = new ObjectShape(List.of(), Set.of(), Dfa.ALL, 0, -1);

  /** What properties are whose names match. */
  record Named(Dfa names, Goal goal) {}

  /**
   * What one schema says of properties.
   *
   * @param others what properties are that it does not name; null if it does not say
   */
  record Layer(Map<String, Goal> properties, List<Named> patterns, @Nullable Goal others) {
    Goal goal(String name) {
      Goal own = properties.get(name);
      Goal all = own == null ? Goal.ANY : own;
      boolean named = own != null;
      for (Named p : patterns) {
        if (p.names.matches(name)) {
          all = all.and(p.goal);
          named = true;
        }
      }
      return named || others == null ? all : others;
    }

    /** Returns whether it lists what there is, and does not say that there may be more. */
    boolean lists() {
      return others == null && !(properties.isEmpty() && patterns.isEmpty());
    }
  }

  ObjectShape and(ObjectShape other) {
    List<Layer> all = new ArrayList<>(layers);
    other.layers.stream().filter(l -> !all.contains(l)).forEach(all::add);
    Set<String> both = new LinkedHashSet<>(required);
    both.addAll(other.required);
    int most = max < 0 ? other.max : other.max < 0 ? max : Math.min(max, other.max);
    return new ObjectShape(
        List.copyOf(all),
        both,
        names == Dfa.ALL ? other.names : other.names == Dfa.ALL ? names : names.and(other.names),
        Math.max(min, other.min),
        most);
  }

  /** Returns what a property must be. */
  Goal goal(String name) {
    return names.matches(name)
        ? Goal.all(layers.stream().map(l -> l.goal(name)).toList())
        : Goal.of(Schema.never());
  }

  /** Returns the names that are listed or required, in the order in which they are. */
  Set<String> listed() {
    Set<String> all = new LinkedHashSet<>();
    layers.forEach(l -> all.addAll(l.properties.keySet()));
    all.addAll(required);
    return all;
  }

  /**
   * Returns whether properties are written that are not listed. Where schemas list some and do not
   * speak of others, there are no others, though those would be valid.
   */
  boolean writesOthers() {
    return layers.stream().noneMatch(Layer::lists)
        || layers.stream().anyMatch(l -> l.others != null);
  }

  /** Returns the names that are not listed, in parts of which each has one goal. */
  List<Named> others() {
    Dfa free = names;
    for (String name : listed()) {
      free = free.minus(Dfa.of(name));
    }
    boolean hidden = !writesOthers(); // those of patterns are written all the same
    List<Named> parts = new ArrayList<>(List.of(new Named(free, Goal.ANY)));
    Dfa matched = Dfa.NONE;
    for (Layer layer : layers) {
      Dfa unmatched = Dfa.ALL;
      for (Named p : layer.patterns) {
        unmatched = unmatched.minus(p.names);
        matched = matched.or(p.names);
        parts = divided(parts, p.names, p.goal, Goal.ANY);
      }
      for (String name : layer.properties.keySet()) {
        unmatched = unmatched.minus(Dfa.of(name));
      }
      if (layer.others != null) {
        parts = divided(parts, unmatched, layer.others, Goal.ANY);
      }
    }
    if (hidden) {
      parts = divided(parts, matched, Goal.ANY, Goal.of(Schema.never()));
    }
    return parts;
  }

  private static List<Named> divided(List<Named> parts, Dfa names, Goal in, Goal out) {
    List<Named> all = new ArrayList<>();
    for (Named part : parts) {
      Dfa inside = part.names.and(names);
      Dfa outside = part.names.minus(names);
      if (!inside.isEmpty()) {
        all.add(new Named(inside, part.goal.and(in)));
      }
      if (!outside.isEmpty()) {
        all.add(new Named(outside, part.goal.and(out)));
      }
    }
    return all;
  }
}
