package dev.peft4j.constraint;

import java.util.List;
import java.util.function.Function;

/** Proofs that no array or object is written under one schema that is valid under another one. */
final class Disjoint {
  private static final int MAX_DEPTH = 6;

  private final Function<Goal, Values> reader;

  Disjoint(Function<Goal, Values> reader) {
    this.reader = reader;
  }

  /** Returns whether none of {@code a}'s arrays and objects is valid under {@code b}. */
  boolean shapes(Values a, Values b) {
    return shapes(a, b, 0);
  }

  private boolean shapes(Values a, Values b, int depth) {
    return a.arrays().stream().allMatch(x -> b.arrays().stream().allMatch(y -> arrays(x, y, depth)))
        && a.objects().stream()
            .allMatch(x -> b.objects().stream().allMatch(y -> objects(x, y, depth)));
  }

  private boolean goals(Goal a, Goal b, int depth) {
    if (depth > MAX_DEPTH || a.equals(b) || b.equals(Goal.ANY)) {
      return false;
    }
    Values x;
    Values y;
    try {
      x = reader.apply(a);
      y = reader.apply(b);
    } catch (ConstraintException e) {
      return false; // it leads back to what is being read: nothing is known of it here
    }
    boolean scalars =
        !(x.nothing() && y.nothing())
            && !(x.yes() && y.yes())
            && !(x.no() && y.no())
            && x.numbers().and(y.numbers()).isEmpty()
            && x.texts().and(y.texts()).isEmpty()
            && (y.exact() || x.texts().isEmpty()); // a format has more texts than are known here
    return scalars && shapes(x, y, depth);
  }

  private boolean arrays(ArrayShape a, ArrayShape b, int depth) {
    if (b.max() >= 0 && a.min() > b.max() || a.max() >= 0 && b.min() > a.max()) {
      return true;
    }
    int both = Math.max(a.min(), b.min());
    for (int i = 0; i < Math.min(both, 100); i++) {
      if (goals(a.element(i), b.element(i), depth + 1)) {
        return true;
      }
    }
    return false;
  }

  private boolean objects(ObjectShape a, ObjectShape b, int depth) {
    for (String name : a.required()) {
      if (goals(a.goal(name), b.goal(name), depth + 1)) {
        return true;
      }
    }
    for (String name : b.required()) {
      boolean written =
          a.listed().contains(name)
              || a.others().stream().anyMatch(o -> o.names().matches(name) && !isNever(o.goal()));
      if (!written || a.listed().contains(name) && isNever(a.goal(name))) {
        return true;
      }
    }
    return false;
  }

  private boolean isNever(Goal goal) {
    Values v = reader.apply(goal);
    return !v.nothing()
        && !v.yes()
        && !v.no()
        && v.numbers().isEmpty()
        && v.texts().isEmpty()
        && v.arrays().isEmpty()
        && v.objects().isEmpty();
  }

  /** Returns the first two that may have a value in common; null if none do. */
  int[] overlap(List<Values> all) {
    for (int i = 0; i < all.size(); i++) {
      for (int j = 0; j < all.size(); j++) {
        if (i != j && !shapes(all.get(i), all.get(j))) {
          return new int[] {Math.min(i, j), Math.max(i, j)};
        }
      }
    }
    return new int[0];
  }
}
