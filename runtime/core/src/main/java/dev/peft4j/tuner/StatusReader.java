package dev.peft4j.tuner;

import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.Parameter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.TreeSet;

/** Reads the state of a set of adapters. */
final class StatusReader {
  private static final List<String> DEVICES = List.of("cpu");

  private final FrozenBase base;
  private final Collection<AttachedAdapter> adapters;
  private final List<String> active;
  private final List<String> merged;
  private final boolean enabled;

  StatusReader(
      FrozenBase base,
      Collection<AttachedAdapter> adapters,
      List<AttachedAdapter> active,
      List<AttachedAdapter> merged,
      boolean enabled) {
    this.base = base;
    this.adapters = adapters;
    this.active = active.stream().map(AttachedAdapter::name).toList();
    this.merged = merged.stream().map(AttachedAdapter::name).toList();
    this.enabled = enabled;
  }

  /** The adapted layers and the saved modules, in the model's order. */
  List<LayerStatus> layers() {
    List<LayerStatus> found = new ArrayList<>();
    for (NamedModule m : base.modules()) {
      SequencedMap<String, List<Parameter>> here = new LinkedHashMap<>();
      SequencedMap<String, List<Parameter>> saved = new LinkedHashMap<>();
      String type = "";
      for (AttachedAdapter a : adapters) {
        TunerLayer layer = a.layers().get(m.name());
        if (layer != null) {
          type = a.tuner().layerType(m.module());
          here.put(a.name(), layer.parameters().stream().map(TunerLayer.Entry::parameter).toList());
        }
        if (a.saved().containsKey(m.name())) {
          saved.put(a.name(), copies(a, m.module()));
        }
      }
      if (!here.isEmpty()) {
        found.add(status(m.name(), type, here, merged.stream().filter(here::containsKey).toList()));
      }
      if (!saved.isEmpty()) {
        found.add(status(m.name(), "ModulesToSaveWrapper", saved, List.of()));
      }
    }
    return found;
  }

  private static List<Parameter> copies(AttachedAdapter a, Module module) {
    List<Parameter> copies = new ArrayList<>();
    for (Parameter p : module.parameters()) {
      Parameter copy = a.copyOf(p);
      if (copy != null) {
        copies.add(copy);
      }
    }
    return copies;
  }

  private LayerStatus status(
      String path,
      String type,
      SequencedMap<String, List<Parameter>> parameters,
      List<String> mergedHere) {
    SequencedMap<String, RequiresGrad> requiresGrad = new LinkedHashMap<>();
    SequencedMap<String, List<String>> devices = new LinkedHashMap<>();
    parameters.forEach(
        (adapter, all) -> {
          requiresGrad.put(
              adapter, RequiresGrad.of(all.stream().map(Parameter::trainable).toList()));
          devices.put(adapter, DEVICES);
        });
    return new LayerStatus(
        "model." + path,
        type,
        enabled,
        active,
        mergedHere,
        requiresGrad,
        List.copyOf(new TreeSet<>(parameters.keySet())),
        devices);
  }

  /** The whole. */
  ModelStatus model() {
    List<LayerStatus> layers = layers();
    SequencedMap<String, String> types = new LinkedHashMap<>();
    SequencedMap<String, RequiresGrad> requiresGrad = new LinkedHashMap<>();
    SequencedMap<String, List<String>> devices = new LinkedHashMap<>();
    String tuner = "None";
    for (AttachedAdapter a : adapters) {
      types.put(a.name(), a.config().peftType());
      tuner = a.tuner().modelType();
      List<RequiresGrad> flags = new ArrayList<>();
      for (LayerStatus l : layers) {
        RequiresGrad flag = l.requiresGrad().get(a.name());
        if (flag != null) {
          flags.add(flag);
        }
      }
      if (!flags.isEmpty()) {
        requiresGrad.put(a.name(), RequiresGrad.all(flags));
        devices.put(a.name(), DEVICES);
      }
    }
    long trainable = 0;
    long total = 0;
    for (AdapterNames.Named n : AdapterNames.of(base.root(), adapters)) {
      total += n.parameter().shape().elements();
      trainable += n.parameter().trainable() ? n.parameter().shape().elements() : 0;
    }
    return new ModelStatus(
        base.type().getSimpleName(),
        tuner,
        types,
        trainable,
        total,
        layers.size(),
        enabled,
        active,
        List.copyOf(new TreeSet<>(merged)),
        requiresGrad,
        List.copyOf(new TreeSet<>(requiresGrad.keySet())),
        devices);
  }
}
