package dev.peft4j.tuner;

import dev.peft4j.data.NonFiniteException;
import dev.peft4j.graph.VariableGroup;
import dev.peft4j.nn.Parameter;
import dev.peft4j.target.TargetSpec;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A new adapter from others: peft's {@code add_weighted_adapter}. What it computes is the tuner's;
 * here is what holds for all.
 */
final class WeightedMerge {
  private final List<AttachedAdapter> sources;
  private final CombinedAdapter<?> combined;

  private WeightedMerge(List<AttachedAdapter> sources, CombinedAdapter<?> combined) {
    this.sources = sources;
    this.combined = combined;
  }

  /**
   * Combines adapters of one tuner.
   *
   * @throws IllegalArgumentException if they cannot be combined this way, saying why
   */
  static WeightedMerge of(
      FrozenBase base,
      List<AttachedAdapter> sources,
      List<Double> weights,
      Combination combination) {
    if (sources.isEmpty() || weights.size() != sources.size()) {
      throw new IllegalArgumentException(
          sources.size()
              + " adapters and "
              + weights.size()
              + " weights: needed at least one adapter and a weight for each");
    }
    checkSavedModules(sources);
    Settings<?> first = sources.getFirst().settings();
    TargetSpec targets = targets(sources, base);
    return new WeightedMerge(sources, combined(first, sources, weights, targets, combination));
  }

  private static <C extends PeftConfig> CombinedAdapter<C> combined(
      Settings<C> first,
      List<AttachedAdapter> sources,
      List<Double> weights,
      TargetSpec targets,
      Combination combination) {
    List<CombinationSource<C>> all = new ArrayList<>();
    for (int k = 0; k < sources.size(); k++) {
      AttachedAdapter a = sources.get(k);
      C config = first.with(a.config()).config();
      all.add(new CombinationSource<>(a.name(), config, a.layers(), weights.get(k)));
    }
    return first.tuner().combine(all, targets, combination);
  }

  /** Returns the settings of the new adapter. */
  PeftConfig config() {
    return combined.config();
  }

  /**
   * Computes the weights of the new adapter and freezes it.
   *
   * @throws NonFiniteException if one would not be finite, naming it
   */
  AttachedAdapter fill(AttachedAdapter made) {
    return VariableGroup.pinned(
        () -> {
          combined.fill(made.layers());
          sources.forEach(source -> source.giveTo(made));
          for (Parameter p : made.ownParameters()) {
            String bad = NonFinite.in(p.own(), p.shape());
            if (bad != null) {
              throw new NonFiniteException(
                  "combining adapters "
                      + sources.stream().map(AttachedAdapter::name).toList()
                      + " would give "
                      + p.name()
                      + " "
                      + bad);
            }
          }
          made.setTrainable(false);
          return made;
        });
  }

  private static void checkSavedModules(List<AttachedAdapter> sources) {
    Set<String> seen = new LinkedHashSet<>();
    for (AttachedAdapter a : sources) {
      for (String path : a.saved().keySet()) {
        if (!seen.add(path)) {
          throw new IllegalArgumentException(
              "adapters cannot be combined if several of them train the same module as a whole: '"
                  + path
                  + "'");
        }
      }
    }
  }

  private static TargetSpec targets(List<AttachedAdapter> sources, FrozenBase base) {
    List<TargetSpec> specs =
        sources.stream().map(a -> SavedTargets.of(a.settings(), base)).toList();
    TargetSpec first = specs.getFirst();
    String regex = null;
    Set<String> names = new LinkedHashSet<>();
    for (TargetSpec t : specs) {
      if ((t.targetRegex() == null) != (first.targetRegex() == null)) {
        throw new IllegalArgumentException(
            "adapters whose targets are a list cannot be combined with those whose targets are a"
                + " regular expression");
      }
      if (t.targetRegex() != null) {
        regex = (regex == null ? "" : regex + "|") + "(" + t.targetRegex() + ")";
      }
      names.addAll(t.targets());
    }
    TargetSpec all =
        new TargetSpec(
            List.copyOf(names),
            regex,
            false,
            first.exclude(),
            first.excludeRegex(),
            first.modulesToSave(),
            first.layers(),
            first.layersPattern());
    return specs.stream().anyMatch(TargetSpec::fromFile) ? all.asFromFile() : all;
  }
}
