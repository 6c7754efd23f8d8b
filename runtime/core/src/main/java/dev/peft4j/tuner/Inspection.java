package dev.peft4j.tuner;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.NamedBuffer;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Overlay;
import dev.peft4j.nn.Overlays;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/** What an adapted model has: its tensors and generators under their names, and its state. */
final class Inspection {
  private final AdapterRegistry registry;

  Inspection(AdapterRegistry registry) {
    this.registry = registry;
  }

  List<NamedParameter> namedParameters() {
    return AdapterNames.of(registry.base().root(), registry.state().adapters().values()).stream()
        .map(n -> new NamedParameter(n.name(), n.parameter()))
        .toList();
  }

  List<String> nonFinite() {
    List<String> found = new ArrayList<>();
    for (NamedParameter p : namedParameters()) {
      String bad = NonFinite.in(p.parameter().own(), p.parameter().shape());
      if (bad != null) {
        found.add(p.name() + " has " + bad);
      }
    }
    return found;
  }

  List<NamedBuffer> namedBuffers() {
    return AdapterNames.buffers(registry.base(), registry.state().adapters().values()).stream()
        .map(n -> new NamedBuffer(n.name(), n.buffer()))
        .toList();
  }

  SequencedMap<String, Rng> generators() {
    SequencedMap<String, Rng> found = new LinkedHashMap<>(registry.base().root().generators());
    for (AttachedAdapter a : registry.state().adapters().values()) {
      a.layers().forEach((path, layer) -> addGenerators(found, a, path, layer));
      a.tied().forEach((path, layer) -> addGenerators(found, a, path, layer));
    }
    found.replaceAll((name, own) -> registry.modes().stream(registry, own));
    return found;
  }

  private static void addGenerators(
      Map<String, Rng> into, AttachedAdapter a, String path, TunerLayer layer) {
    List<Rng> own = layer.generators();
    for (int i = 0; i < own.size(); i++) {
      into.put(PeftNames.PREFIX + path + "." + a.name() + "." + i, own.get(i));
    }
  }

  StatusReader status() {
    AdapterState s = registry.state();
    Overlay chosen = Overlays.chosen(registry);
    boolean enabled = !(chosen instanceof AdapterOverlay a && a.adapters().isEmpty());
    return new StatusReader(
        registry.base(),
        s.adapters().values(),
        enabled ? acting() : s.active(),
        s.merged().adapters(),
        enabled);
  }

  /** Returns the adapters that act on a call made here. */
  List<AttachedAdapter> acting() {
    return switch (Overlays.chosen(registry)) {
      case AdapterOverlay chosen -> chosen.adapters();
      case PerSampleOverlay chosen -> chosen.adapters();
      case null, default -> registry.state().standard().adapters();
    };
  }
}
