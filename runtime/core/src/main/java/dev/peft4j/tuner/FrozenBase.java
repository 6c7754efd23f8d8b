package dev.peft4j.tuner;

import dev.peft4j.data.Storage;
import dev.peft4j.graph.Variable;
import dev.peft4j.nn.Adaptable;
import dev.peft4j.nn.AdapterSlot;
import dev.peft4j.nn.HasSlots;
import dev.peft4j.nn.ModelSlot;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.ModuleTensor;
import dev.peft4j.nn.NamedBuffer;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.OverlaySource;
import dev.peft4j.nn.Parameter;
import dev.peft4j.target.Names;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The model below a set of adapters, frozen: its modules and parameters, looked up once. */
final class FrozenBase {
  private final Module root;
  private final List<NamedModule> modules;
  private final List<NamedParameter> parameters = new ArrayList<>();
  private final List<NamedBuffer> buffers = new ArrayList<>();
  private final Set<Parameter> wereTrainable = new LinkedHashSet<>();
  private final List<AdapterSlot> slots = new ArrayList<>();
  private final List<NamedModule> modelSlots = new ArrayList<>();
  private final Map<Parameter, List<Module>> holders = new HashMap<>();
  private final Set<String> outputHeads = new HashSet<>();

  FrozenBase(Module root) {
    this.root = root;
    this.modules = List.copyOf(root.namedModules());
    for (NamedModule m : modules) {
      m.module()
          .ownParameters()
          .forEach(
              (name, p) -> {
                parameters.add(new NamedParameter(Names.join(m.name(), name), p));
                holders.computeIfAbsent(p, k -> new ArrayList<>()).add(m.module());
              });
      m.module()
          .ownBuffers()
          .forEach((name, b) -> buffers.add(new NamedBuffer(Names.join(m.name(), name), b)));
      if (m.module() instanceof Adaptable layer) {
        slots.add(layer.slot());
      }
      if (m.module() instanceof HasSlots model) {
        for (ModelSlot s : model.slots().all()) {
          slots.add(s.slot());
          modelSlots.add(new NamedModule(Names.join(m.name(), s.name()), s));
        }
      }
      m.module().outputHeads().forEach(head -> outputHeads.add(Names.join(m.name(), head)));
    }
    parameters.stream()
        .map(NamedParameter::parameter)
        .filter(Parameter::trainable)
        .forEach(wereTrainable::add);
  }

  Module root() {
    return root;
  }

  /** Returns the class that people know the model by. */
  Class<?> type() {
    Class<?> own = root.getClass();
    return root instanceof Adapted ? own.getSuperclass() : own;
  }

  @SuppressWarnings("unchecked") // for a module that is adaptable: there is no type for both
  static <L extends Module & Adaptable> L adaptable(Module layer) {
    return (L) layer;
  }

  /** Every parameter under each of its paths. */
  List<NamedParameter> parameters() {
    return parameters;
  }

  /** Every buffer under each of its paths. */
  List<NamedBuffer> buffers() {
    return buffers;
  }

  /** Every module once, by its first path; the root has the empty one. */
  List<NamedModule> modules() {
    return modules;
  }

  /** The slots of the whole model, by names of their own, and then all modules. */
  List<NamedModule> slotsAndModules() {
    List<NamedModule> all = new ArrayList<>(modelSlots);
    all.addAll(modules);
    return all;
  }

  /** Returns the module at a path. */
  Module module(String path) {
    for (NamedModule m : modules) {
      if (m.name().equals(path)) {
        return m.module();
      }
    }
    throw new IllegalArgumentException("there is no module '" + path + "'");
  }

  /** True if the target {@code all-linear} takes that module. */
  boolean isInAllLinear(String path, Module module) {
    return module instanceof Adaptable layer && layer.isLinear() && !outputHeads.contains(path);
  }

  /** How many modules have the parameter as their own: more than one if weights are tied. */
  int holders(Parameter p) {
    return holders.getOrDefault(p, List.of()).size();
  }

  /** The slots of the layers that have the parameter as their own. */
  List<AdapterSlot> slotsOf(Parameter p) {
    List<AdapterSlot> found = new ArrayList<>();
    for (Module m : holders.getOrDefault(p, List.of())) {
      if (m instanceof Adaptable layer) {
        found.add(layer.slot());
      }
    }
    return found;
  }

  void freeze() {
    for (NamedParameter p : parameters.reversed()) { // of several paths the first is its name
      p.parameter().freeze();
      p.parameter().variable().rename(p.name());
    }
    for (NamedBuffer b : buffers.reversed()) {
      b.buffer().variable().rename(b.name());
    }
  }

  /**
   * Makes trainable again what was so before {@link #freeze}; what another adapted model shares,
   * once that one is done.
   */
  void restore() {
    for (Parameter p : wereTrainable) {
      List<OverlaySource> others = p.sources();
      if (others.isEmpty()) {
        p.unfreeze();
      } else {
        others.getFirst().unfreezeLater(p);
      }
    }
  }

  /** Makes a parameter trainable in {@link #restore}, too. */
  void unfreezeLater(Parameter p) {
    wereTrainable.add(p);
  }

  void join(OverlaySource source) {
    slots.forEach(s -> s.join(source));
    holders.keySet().forEach(p -> p.join(source));
    buffers.forEach(b -> b.buffer().join(source));
    source.modes().join(source, modules.stream().map(NamedModule::module).toList());
  }

  void leave(OverlaySource source) {
    slots.forEach(s -> s.leave(source));
    holders.keySet().forEach(p -> p.leave(source));
    buffers.forEach(b -> b.buffer().leave(source));
    source.modes().leave(source, modules.stream().map(NamedModule::module).toList());
  }

  /**
   * Replaces values of the base for good.
   *
   * @param by the adapted model that does it
   * @throws IllegalStateException if another one shares a parameter that would change; nothing is
   *     changed
   */
  void write(Map<ModuleTensor, Storage> values, OverlaySource by) {
    requireAlone(values, by);
    Map<Variable, Storage> byVariable = new LinkedHashMap<>();
    values.forEach((p, s) -> byVariable.put(p.variable(), s));
    Variable.setAll(byVariable);
  }

  /** Does the same, but weights take the encodings of the values. */
  void replace(Map<ModuleTensor, Storage> values, OverlaySource by) {
    requireAlone(values, by);
    values.forEach(ModuleTensor::adopt);
  }

  private static void requireAlone(Map<ModuleTensor, Storage> values, OverlaySource by) {
    values
        .keySet()
        .forEach(
            p -> {
              if (p.sources().stream().anyMatch(s -> s != by && s.standard() != null)) {
                throw new IllegalStateException(
                    "'"
                        + p.name()
                        + "' belongs to the base of another adapted model, too, which this would"
                        + " change: use merge(), which keeps merged weights apart, or unload() the"
                        + " other one first");
              }
            });
  }
}
