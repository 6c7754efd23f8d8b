package dev.peft4j.nn;

import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;

/** The modules of a base that are in training mode; immutable. */
record ModeMap(boolean rest, Map<Module, Boolean> others) {
  static final ModeMap TRAINING = new ModeMap(true, Map.of());
  static final ModeMap EVALUATION = new ModeMap(false, Map.of());

  static ModeMap all(boolean training) {
    return training ? TRAINING : EVALUATION;
  }

  boolean get(Module m) {
    return others.isEmpty() ? rest : others.getOrDefault(m, rest);
  }

  /**
   * Returns a map with another mode for some modules.
   *
   * @param all the modules of the base
   */
  ModeMap with(Collection<Module> modules, boolean training, Set<Module> all) {
    if (modules.containsAll(all)) {
      return all(training);
    }
    Map<Module, Boolean> next = new IdentityHashMap<>(others);
    modules.forEach(m -> next.put(m, training));
    return new ModeMap(rest, Collections.unmodifiableMap(next));
  }

  /** Returns whether no module is in training mode. */
  boolean isEvaluation() {
    return !rest && !others.containsValue(true);
  }
}
