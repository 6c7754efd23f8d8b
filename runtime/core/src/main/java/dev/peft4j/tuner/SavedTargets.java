package dev.peft4j.tuner;

import dev.peft4j.nn.NamedModule;
import dev.peft4j.target.TargetSpec;
import java.util.List;

/** Targets as peft keeps them: names in place of all-linear, and long lists condensed. */
final class SavedTargets {
  private SavedTargets() {}

  /** The targets for an adapter's file. */
  static TargetSpec of(Settings<?> settings, FrozenBase base) {
    TargetSpec t = settings.config().targets();
    if (!t.allLinear()) {
      return condensed(settings, base);
    }
    List<String> linear =
        base.modules().stream()
            .filter(m -> base.isInAllLinear(m.name(), m.module()))
            .map(NamedModule::name)
            .toList();
    return condensed(settings.withTargets(withTargets(t, linear)), base);
  }

  /** The targets to match with. */
  static TargetSpec condensed(Settings<?> settings, FrozenBase base) {
    TargetSpec t = settings.config().targets();
    if (t.targets().isEmpty() || !settings.tuner().condensesTargets()) {
      return t;
    }
    List<String> paths = base.modules().stream().map(NamedModule::name).toList();
    return withTargets(t, MinimalTargets.of(t.targets(), paths));
  }

  private static TargetSpec withTargets(TargetSpec t, List<String> targets) {
    return t.withTargets(targets);
  }
}
