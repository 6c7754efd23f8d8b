package dev.peft4j.tuner;

import dev.peft4j.data.Encodings;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Variable;
import dev.peft4j.graph.VariableGroup;
import dev.peft4j.nn.Adaptable;
import dev.peft4j.nn.AdapterSlot;
import dev.peft4j.nn.Buffer;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.ModuleTensor;
import dev.peft4j.nn.NamedBuffer;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.OverlaySource;
import dev.peft4j.nn.Parameter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * One named adapter of a set: its settings, its layers, its copies of saved modules and of biases.
 * {@link Attaching} makes it.
 */
final class AttachedAdapter {
  private final OverlaySource owner;
  private final FrozenBase base;
  private final AdapterTargets targets;
  private final VariableGroup group = new VariableGroup();
  private final SequencedMap<String, TunerLayer> layers = new LinkedHashMap<>();
  private final SequencedMap<String, Module> saved = new LinkedHashMap<>();
  private final SequencedMap<AdapterSlot, TunerLayer> slots = new LinkedHashMap<>();
  private final Map<AdapterSlot, TunerLayer> bySlot =
      new ConcurrentHashMap<>(); // the same, for calls
  private final Map<Parameter, TunerLayer> byParameter = new ConcurrentHashMap<>();
  private final SequencedMap<String, TunerLayer> tied = new LinkedHashMap<>();
  private final Map<Parameter, Parameter> copies = new ConcurrentHashMap<>();
  private final Map<Buffer, Buffer> buffers = new ConcurrentHashMap<>();
  private final Beginning beginning = new Beginning();
  private final Set<Parameter> given = ConcurrentHashMap.newKeySet();
  private final Set<AdapterSlot> slotsWithCopies = ConcurrentHashMap.newKeySet();
  private Settings<?> settings;
  private @Nullable AdapterTraining training;
  private boolean knowsTraining;
  private boolean sharesTargets;
  private volatile String name;

  AttachedAdapter(OverlaySource owner, FrozenBase base, String name, Settings<?> settings) {
    this.owner = owner;
    this.base = base;
    this.name = name;
    this.settings = settings;
    this.targets = new AdapterTargets(settings, base);
  }

  // ---- making it

  /** Adds the adapter of a layer. */
  void add(String path, Module layer, AdapterSlot slot, TunerLayer made) {
    layers.put(path, made);
    settings = settings.attachedTo(layer);
    for (TunerLayer.Entry e : made.parameters()) {
      if (e.parameter().variable().group() == null) { // one of several layers goes by the first
        own(e.parameter(), PeftNames.inMemory(path, made, e, name));
      }
      if (!e.trained()) {
        e.parameter().freeze();
      }
    }
    for (TunerLayer.Constant c : made.constants()) {
      if (c.buffer().variable().group() == null) {
        own(c.buffer(), PeftNames.inMemory(path, c, name));
      }
    }
    slots.put(slot, made);
    if (made.adaptedParameters().isEmpty()) {
      bySlot.put(slot, made);
    }
    for (Parameter p : made.adaptedParameters()) {
      byParameter.put(p, made);
      slotsWithCopies.addAll(base.slotsOf(p));
    }
  }

  /**
   * Adds a layer that computes with the adapter of another one, since they share a weight.
   *
   * @param isTarget whether it is an adapter of the targets, and not of another kind
   */
  void addTied(String path, AdapterSlot slot, String carrier, TunerLayer shared, boolean isTarget) {
    slots.put(slot, shared);
    bySlot.put(slot, shared);
    tied.put(path, shared);
    beginning.tied(path, carrier);
    sharesTargets |= isTarget;
  }

  /** Adds copies of all tensors of a module, which is trained in full. */
  void save(String path, Module module) {
    saved.put(path, module);
    for (NamedParameter p : module.namedParameters()) {
      copies.remove(p.parameter()); // a copy of a bias belongs to the saved module
      copy(p.parameter(), PeftNames.saved(tuner().basePrefix(), path, name, p.name()));
    }
    for (NamedBuffer b : module.namedBuffers()) {
      if (!buffers.containsKey(b.buffer())) {
        Buffer copy = b.buffer().copy();
        own(copy, PeftNames.saved(tuner().basePrefix(), path, name, b.name()));
        buffers.put(b.buffer(), copy);
      }
    }
  }

  /** Adds a copy of a parameter of the base, which is trained. */
  void copy(Parameter original, String called) {
    if (copies.containsKey(original)) {
      return;
    }
    Parameter copy = new Parameter(original.own().copyAs(Encodings.FLOAT32), original.shape());
    own(copy, called);
    copies.put(original, copy);
    slotsWithCopies.addAll(base.slotsOf(original));
  }

  /**
   * Takes a value for a parameter of the base from its file, as peft does: it stands for the base's
   * while this adapter acts, and is not trained.
   */
  void give(NamedParameter original, String called, Storage value) {
    Parameter copy = new Parameter(value, original.parameter().shape());
    given.add(copy);
    own(copy, called);
    copy.freeze();
    copies.put(original.parameter(), copy);
    slotsWithCopies.addAll(base.slotsOf(original.parameter()));
    slots.values().forEach(layer -> layer.baseGiven(original.parameter(), copy));
  }

  /**
   * Gives the values of the base that its file gave to another adapter, too.
   *
   * @throws IllegalArgumentException if that one has others
   */
  void giveTo(AttachedAdapter other) {
    copies.forEach(
        (p, copy) -> {
          if (!isGiven(copy)) {
            return;
          }
          Parameter there = other.copyOf(p);
          if (there == null) {
            other.give(new NamedParameter(p.name(), p), copy.name(), copy.own().copy());
          } else if (!there.own().equalBytes(copy.own())) {
            throw new IllegalArgumentException(
                "adapter '"
                    + name
                    + "' came with a weight of the base, '"
                    + p.name()
                    + "', that is another in the adapters that it would be combined with");
          }
        });
  }

  private void own(Parameter p, String called) {
    p.variable().rename(called);
    p.belongsTo(owner);
    if (p.variable().group() == null) {
      group.add(p.variable());
    }
    beginning.made(p);
  }

  private void own(Buffer b, String called) {
    b.variable().rename(called);
    group.add(b.variable());
  }

  // ---- what it is

  void rename(String newName) {
    name = newName;
    Set<ModuleTensor> seen = new LinkedHashSet<>(); // a shared one is called by its first layer
    layers.forEach(
        (path, layer) -> {
          for (TunerLayer.Entry e : layer.parameters()) {
            if (seen.add(e.parameter())) {
              e.parameter().variable().rename(PeftNames.inMemory(path, layer, e, newName));
            }
          }
          for (TunerLayer.Constant c : layer.constants()) {
            if (seen.add(c.buffer())) {
              c.buffer().variable().rename(PeftNames.inMemory(path, c, newName));
            }
          }
        });
    saved.forEach(
        (path, module) -> {
          for (NamedParameter p : module.namedParameters()) {
            renameCopy(
                copies.get(p.parameter()),
                PeftNames.saved(tuner().basePrefix(), path, newName, p.name()));
          }
          for (NamedBuffer b : module.namedBuffers()) {
            renameCopy(
                buffers.get(b.buffer()),
                PeftNames.saved(tuner().basePrefix(), path, newName, b.name()));
          }
        });
  }

  private static void renameCopy(@Nullable ModuleTensor copy, String called) {
    if (copy != null) {
      copy.variable().rename(called);
    }
  }

  void setTrainable(boolean on) {
    for (Parameter p : ownParameters()) {
      if (on) {
        p.unfreeze();
      } else {
        p.freeze();
      }
    }
  }

  /** Replaces values of its parameters, all at one moment for calls on other threads. */
  void replace(Map<ModuleTensor, Storage> values) {
    replaceAll(List.of(values));
  }

  /** As {@link #replace}, for several adapters; those that act together change together. */
  static void replaceAll(Collection<Map<ModuleTensor, Storage>> values) {
    Map<Variable, Storage> byVariable = new LinkedHashMap<>();
    values.forEach(m -> m.forEach((p, s) -> byVariable.put(p.variable(), s)));
    VariableGroup.replace(byVariable);
  }

  /** Lets calls with all of these adapters see one moment's values of all. */
  static void unite(List<AttachedAdapter> adapters) {
    if (adapters.size() > 1) {
      VariableGroup.unite(adapters.stream().map(a -> a.group).toList());
    }
  }

  /** Returns the parameters that it trains, each once. */
  List<Parameter> ownParameters() {
    Set<Parameter> all = new LinkedHashSet<>(copies.values());
    all.removeAll(given);
    for (TunerLayer layer : layers.values()) {
      for (TunerLayer.Entry e : layer.parameters()) {
        if (e.trained()) {
          all.add(e.parameter());
        }
      }
    }
    return new ArrayList<>(all);
  }

  String name() {
    return name;
  }

  /** What training with it does besides the optimizer's steps, or null. */
  synchronized @Nullable AdapterTraining training() {
    if (!knowsTraining) {
      training = settings.training(layers);
      knowsTraining = true;
    }
    return training;
  }

  PeftConfig config() {
    return settings.config();
  }

  Tuner<?> tuner() {
    return settings.tuner();
  }

  Settings<?> settings() {
    return settings;
  }

  /** Returns the settings for a file, which say whether layers share an adapter. */
  Settings<?> settingsForFile() {
    return sharesTargets ? settings.tied() : settings;
  }

  AdapterTargets targets() {
    return targets;
  }

  Beginning beginning() {
    return beginning;
  }

  SequencedMap<String, TunerLayer> layers() {
    return layers;
  }

  TunerLayer layer(String path) {
    return Objects.requireNonNull(layers.get(path), path);
  }

  /** Its layer on that slot, or null. */
  @Nullable TunerLayer at(AdapterSlot slot) {
    return bySlot.get(slot);
  }

  /** Its adapter of a module or, without one, of the module's own parameters; or null. */
  @Nullable TunerLayer of(Module module) {
    TunerLayer layer = module instanceof Adaptable l ? at(l.slot()) : null;
    if (layer != null || byParameter.isEmpty()) {
      return layer;
    }
    for (Parameter p : module.ownParameters().values()) {
      TunerLayer ofIt = byParameter.get(p);
      if (ofIt != null && ofIt.adaptedParameters().getFirst() == p) {
        return ofIt;
      }
    }
    return null;
  }

  /** Its adapter of a parameter by itself, or null. */
  @Nullable TunerLayer at(Parameter p) {
    return byParameter.get(p);
  }

  /** Returns whether it adapts parameters by themselves. */
  boolean adaptsParameters() {
    return !byParameter.isEmpty();
  }

  /** Returns whether the layer of that slot computes something else with this adapter. */
  boolean touches(AdapterSlot slot) {
    return bySlot.containsKey(slot) || slotsWithCopies.contains(slot);
  }

  /** Returns whether the layer of that slot has other parameters with this adapter. */
  boolean copies(AdapterSlot slot) {
    return slotsWithCopies.contains(slot);
  }

  /** Layers that share a weight with one of {@link #layers} and compute with its parameters. */
  SequencedMap<String, TunerLayer> tied() {
    return tied;
  }

  /** Returns whether a layer of it keeps something that was made from the parameter's value. */
  boolean keepsOfBase(Parameter p) {
    return base.slotsOf(p).stream()
        .map(slots::get)
        .anyMatch(layer -> layer != null && layer.keepsOfBase());
  }

  /** Returns whether its file gave this value of the base. */
  boolean isGiven(Parameter copy) {
    return given.contains(copy);
  }

  SequencedMap<String, Module> saved() {
    return saved;
  }

  Map<Parameter, Parameter> copies() {
    return copies;
  }

  @Nullable Parameter copyOf(Parameter original) {
    return copies.get(original);
  }

  /** Its copies of the buffers of modules to save. */
  Map<Buffer, Buffer> buffers() {
    return buffers;
  }

  @Nullable Buffer copyOf(Buffer original) {
    return buffers.get(original);
  }

  /** Its layers by the slots they are on, in the model's order. */
  SequencedMap<AdapterSlot, TunerLayer> slots() {
    return slots;
  }
}
