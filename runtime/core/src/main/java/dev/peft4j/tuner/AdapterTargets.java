package dev.peft4j.tuner;

import dev.peft4j.nn.Module;
import dev.peft4j.target.Names;
import dev.peft4j.target.TargetMatcher;
import dev.peft4j.target.TargetSpec;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What the settings of one adapter name in a model. */
final class AdapterTargets {
  private final FrozenBase base;
  private final TargetMatcher declared;
  private final TargetMatcher matcher;
  private final ExtraTargets extra;
  private final Set<String> extraNames;

  AdapterTargets(Settings<?> settings, FrozenBase base) {
    this.base = base;
    this.extra = settings.extraTargets(base.root());
    this.extraNames = Set.copyOf(new HashSet<>(extra.names()));
    List<String> toSave = settings.modulesToSave();
    TargetSpec spec = settings.config().targets().withModulesToSave(toSave);
    TargetSpec condensed = SavedTargets.condensed(settings, base).withModulesToSave(toSave);
    this.declared = new TargetMatcher(spec);
    this.matcher = condensed.equals(spec) ? declared : new TargetMatcher(condensed);
  }

  /** Returns whether the module gets an adapter. */
  boolean matches(String path, Module module) {
    return isTarget(path, module) || isExtra(path);
  }

  /** Returns whether the module is among the targets themselves. */
  boolean isTarget(String path, Module module) {
    return matcher.match(path, base.isInAllLinear(path, module)).targeted();
  }

  /** Returns whether the layer has an adapter of another kind besides the targets. */
  boolean isExtra(String path) {
    return !extraNames.isEmpty()
        && Names.ends(List.of(path)).stream().anyMatch(extraNames::contains);
  }

  /** Returns whether the module is trained in full. */
  boolean saves(String path) {
    return matcher.saves(path);
  }

  /** Returns whether the settings leave a layer without an adapter, whatever else names it. */
  boolean leavesOut(String path) {
    return matcher.excludedBy(path) != null || matcher.savedBy(path) != null;
  }

  /** Returns the targets as they were given; those that decide may be condensed. */
  TargetMatcher declared() {
    return declared;
  }

  /** Returns the layers that have an adapter besides the targets. */
  ExtraTargets extra() {
    return extra;
  }
}
