package dev.peft4j.tuner;

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
  private final BaseModel base;
  private final List<AttachedAdapter> sources;
  private final List<Double> weights;

  private WeightedMerge(BaseModel base, List<AttachedAdapter> sources, List<Double> weights) {
    this.base = base;
    this.sources = sources;
    this.weights = weights;
  }

  /**
   * Combines adapters of one tuner.
   *
   * @throws IllegalArgumentException if they cannot be combined this way, saying why
   */
  static CombinedAdapter<?> of(
      BaseModel base,
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
    WeightedMerge merge = new WeightedMerge(base, sources, weights);
    return merge.combine(sources.getFirst().settings(), combination);
  }

  private <C extends PeftConfig> CombinedAdapter<C> combine(
      Settings<C> first, Combination combination) {
    checkSavedModules();
    List<CombinationSource<C>> all = new ArrayList<>();
    for (int k = 0; k < sources.size(); k++) {
      AttachedAdapter a = sources.get(k);
      C config = first.with(a.config()).config();
      all.add(new CombinationSource<>(a.name(), config, a.layers(), weights.get(k)));
    }
    return first.tuner().combine(all, targets(), combination);
  }

  private void checkSavedModules() {
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

  private TargetSpec targets() {
    List<TargetSpec> specs = sources.stream().map(a -> SavedTargets.of(a, base)).toList();
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
