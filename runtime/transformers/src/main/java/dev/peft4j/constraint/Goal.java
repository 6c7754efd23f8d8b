package dev.peft4j.constraint;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Schemas that a value must all be valid under; any value if there are none. */
record Goal(Set<Schema> schemas) {
  static final Goal ANY = new Goal(Set.of());

  static Goal of(Schema schema) {
    return new Goal(Set.of(schema));
  }

  Goal and(Goal other) {
    if (schemas.isEmpty() || other.schemas.isEmpty()) {
      return schemas.isEmpty() ? other : this;
    }
    Set<Schema> all = new LinkedHashSet<>(schemas);
    all.addAll(other.schemas);
    return new Goal(all);
  }

  static Goal all(List<Goal> goals) {
    return goals.stream().reduce(ANY, Goal::and);
  }
}
