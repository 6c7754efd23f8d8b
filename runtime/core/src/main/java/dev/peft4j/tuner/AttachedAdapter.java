package dev.peft4j.tuner;

import dev.peft4j.annotation.Bias;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Variable;
import dev.peft4j.graph.VariableGroup;
import dev.peft4j.nn.Adaptable;
import dev.peft4j.nn.AdapterSlot;
import dev.peft4j.nn.Buffer;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.ModuleTensor;
import dev.peft4j.nn.NamedBuffer;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.target.Names;
import dev.peft4j.target.TargetMatcher;
import dev.peft4j.target.TargetSpec;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * One named adapter of an {@link AdapterSet}: its layers, its copies of saved modules and of
 * biases.
 */
final class AttachedAdapter implements AdapterSet.Attachment {
  private final AdapterRegistry set;
  private Settings<?> settings;
  private final TargetMatcher declared;
  private final TargetMatcher matcher;
  private final VariableGroup group = new VariableGroup();
  private final SequencedMap<String, TunerLayer> layers = new LinkedHashMap<>();
  private final SequencedMap<String, Module> saved = new LinkedHashMap<>();
  private final SequencedMap<AdapterSlot, TunerLayer> slots = new LinkedHashMap<>();
  private final Map<AdapterSlot, TunerLayer> bySlot =
      new ConcurrentHashMap<>(); // the same, for calls
  private final SequencedMap<String, TunerLayer> tied = new LinkedHashMap<>();
  private final ExtraTargets extra;
  private final Set<String> extraNames;
  private final Map<Parameter, Parameter> copies = new ConcurrentHashMap<>();
  private final Map<Buffer, Buffer> buffers = new ConcurrentHashMap<>();
  private final Beginning beginning = new Beginning();
  private final Set<Parameter> given = ConcurrentHashMap.newKeySet();
  private final Set<AdapterSlot> slotsWithCopies = ConcurrentHashMap.newKeySet();
  private volatile String name;

  AttachedAdapter(AdapterRegistry set, String name, Settings<?> settings) {
    this.set = set;
    this.name = name;
    this.settings = settings;
    this.extra = settings.extraTargets(set.root());
    this.extraNames = Set.copyOf(new HashSet<>(extra.names()));
    List<String> toSave = settings.modulesToSave();
    TargetSpec spec = config().targets().withModulesToSave(toSave);
    TargetSpec condensed = SavedTargets.condensed(settings, set.base()).withModulesToSave(toSave);
    this.declared = new TargetMatcher(spec);
    this.matcher = condensed.equals(spec) ? declared : new TargetMatcher(condensed);
  }

  // ---- attaching

  @Override
  public void attach(String path, @Nullable Module layer) {
    if (layer == null) {
      throw new IllegalArgumentException(
          "adapter '"
              + name
              + "': the layer '"
              + path
              + "' is null; a targeted layer must be there when adapters are attached");
    }
    if (!(layer instanceof Adaptable adaptable)) {
      throw new IllegalArgumentException(
          "adapter '"
              + name
              + "': '"
              + path
              + "' is a "
              + layer.getClass().getSimpleName()
              + ", "
              + tuner().peftType()
              + " adapts "
              + tuner().layerTypes().stream().map(Class::getSimpleName).toList());
    }
    if (bySlot.containsKey(adaptable.slot())) {
      return; // one layer under two paths goes by the first, as in namedModules()
    }
    if (layers.containsKey(path)) {
      throw new IllegalArgumentException(
          "adapter '" + name + "' is attached to '" + path + "' already");
    }
    boolean target = targets(path, layer);
    if (target && isExtra(path)) {
      throw new IllegalArgumentException(
          "adapter '"
              + name
              + "': '"
              + path
              + "' is a target and has "
              + extra.setting()
              + ", too: it can have one of them");
    }
    List<NamedModule> group = TiedLayers.sharing(set.base(), layer);
    NamedModule asked = new NamedModule(path, layer);
    NamedModule carrier =
        target && settings.tiesWeights() && !group.isEmpty()
            ? TiedLayers.carrier(group, asked)
            : asked;
    if (!layers.containsKey(carrier.name())) {
      attachTo(carrier.name(), cast(carrier.module()));
      group.forEach(other -> tie(carrier.name(), other));
    }
    if (!bySlot.containsKey(adaptable.slot())) {
      attachTo(path, cast(layer)); // the carrier's adapter is not for it
    }
  }

  /**
   * Lets a layer that shares its weight with an adapted one compute with the same adapter, if the
   * tuner can.
   */
  private void tie(String carrier, NamedModule other) {
    AdapterSlot slot = ((Adaptable) other.module()).slot();
    if (bySlot.containsKey(slot)
        || matcher.excludedBy(other.name()) != null
        || matcher.savedBy(other.name()) != null) {
      return;
    }
    TunerLayer shared = layer(carrier).tied(other.module());
    if (shared != null) {
      slots.put(slot, shared);
      bySlot.put(slot, shared);
      tied.put(other.name(), shared);
      beginning.tied(other.name(), carrier);
      settings = settings.tied();
    }
  }

  private boolean targets(String path, Module module) {
    return matcher.match(path, set.base().isInAllLinear(path, module)).targeted();
  }

  /** True for a layer that has an adapter besides the targets. */
  boolean isExtra(String path) {
    return !extraNames.isEmpty()
        && Names.ends(List.of(path)).stream().anyMatch(extraNames::contains);
  }

  private <L extends Module & Adaptable> void attachTo(String path, L layer) {
    beginning.of(path, Rng.current());
    Rng rng = Rng.current();
    TunerLayer made = settings.attach(path, layer, () -> rng);
    layers.put(path, made);
    settings = settings.attachedTo(layer);
    for (TunerLayer.Entry e : made.parameters()) {
      own(e.parameter(), AdapterNames.inMemory(path, e, name));
    }
    slots.put(layer.slot(), made);
    bySlot.put(layer.slot(), made);
    if (config().bias() == Bias.LORA_ONLY) {
      copyBiases(path, layer);
    }
  }

  @SuppressWarnings("unchecked") // checked by the caller: a module that is adaptable
  static <L extends Module & Adaptable> L cast(Module layer) {
    return (L) layer;
  }

  @Override
  public void attachMatching(String path, @Nullable Module below) {
    if (below == null) {
      return;
    }
    for (NamedModule m : below.namedModules()) {
      String full = m.name().isEmpty() ? path : path.isEmpty() ? m.name() : path + "." + m.name();
      if (matcher.saves(full) && !within(saved, full)) {
        save(full, m.module());
      } else if (matches(full, m.module()) && !layers.containsKey(full)) {
        attach(full, m.module());
      }
    }
  }

  @Override
  public boolean matches(String path, Module module) {
    return targets(path, module) || isExtra(path);
  }

  @Override
  public void finish() {
    try {
      attachAll();
    } catch (RuntimeException e) {
      set.discard(name);
      throw e;
    }
  }

  /** Attaches it to all that its configuration names, or throws. */
  void attachAll() {
    attachMatching("", set.base().root());
    MatchCheck.require(this, set.base().modules());
  }

  private static boolean within(Map<String, ?> paths, String path) {
    for (int dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
      if (paths.containsKey(path.substring(0, dot))) {
        return true;
      }
    }
    return paths.containsKey(path);
  }

  @Override
  public void save(String path, @Nullable Module module) {
    if (module == null) {
      throw new IllegalArgumentException(
          "adapter '" + name + "': the module to save '" + path + "' is null");
    }
    saved.put(path, module);
    for (NamedParameter p : module.namedParameters()) {
      copies.remove(p.parameter()); // a bias that bias = all has copied belongs to the saved module
      copy(p.parameter(), AdapterNames.saved(path, name, p.name()));
    }
    for (NamedBuffer b : module.namedBuffers()) {
      if (!buffers.containsKey(b.buffer())) {
        Buffer copy = b.buffer().copy();
        copy.variable().rename(AdapterNames.saved(path, name, b.name()));
        group.add(copy.variable());
        buffers.put(b.buffer(), copy);
      }
    }
  }

  /**
   * With {@code bias = all}: a copy of every bias outside the modules to save; like peft, of all
   * that is named so.
   */
  void copyAllBiases() {
    if (config().bias() == Bias.ALL) {
      for (NamedParameter p : set.base().parameters()) {
        if (p.name().contains("bias") && !within(saved, p.name())) {
          copy(p.parameter(), AdapterNames.PREFIX + p.name());
        }
      }
    }
  }

  private void copyBiases(String path, Module layer) {
    layer
        .ownParameters()
        .forEach(
            (own, p) -> {
              if (own.contains("bias")) {
                copy(p, AdapterNames.PREFIX + path + ".base_layer." + own);
              }
            });
  }

  private void copy(Parameter original, String called) {
    if (copies.containsKey(original)) {
      return;
    }
    Parameter copy = new Parameter(original.own().copyAs(Encodings.FLOAT32), original.shape());
    own(copy, called);
    copies.put(original, copy);
    slotsWithCopies.addAll(set.base().slotsOf(original));
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
    slotsWithCopies.addAll(set.base().slotsOf(original.parameter()));
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
    p.belongsTo(set);
    if (p.variable().group() == null) {
      group.add(p.variable());
    }
    beginning.made(p);
    if (!set.isActiveByDefault(this)) {
      p.freeze();
    }
  }

  // ---- what it is

  void rename(String newName) {
    name = newName;
    layers.forEach(
        (path, layer) ->
            layer
                .parameters()
                .forEach(
                    e -> e.parameter().variable().rename(AdapterNames.inMemory(path, e, newName))));
    saved.forEach(
        (path, module) ->
            module
                .namedParameters()
                .forEach(
                    p -> {
                      Parameter copy = copies.get(p.parameter());
                      if (copy != null) {
                        copy.variable().rename(AdapterNames.saved(path, newName, p.name()));
                      }
                    }));
    saved.forEach(
        (path, module) ->
            module
                .namedBuffers()
                .forEach(
                    b -> {
                      Buffer copy = buffers.get(b.buffer());
                      if (copy != null) {
                        copy.variable().rename(AdapterNames.saved(path, newName, b.name()));
                      }
                    }));
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

  List<Parameter> ownParameters() {
    List<Parameter> all = new ArrayList<>(copies.values());
    all.removeAll(given);
    layers.values().forEach(l -> l.parameters().forEach(e -> all.add(e.parameter())));
    return all;
  }

  String name() {
    return name;
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

  /** The targets as they were given; those that decide may be condensed. */
  TargetMatcher declared() {
    return declared;
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

  /** True if the layer of that slot computes something else with this adapter. */
  boolean touches(AdapterSlot slot) {
    return bySlot.containsKey(slot) || slotsWithCopies.contains(slot);
  }

  /** Layers that share a weight with one of {@link #layers} and compute with its parameters. */
  SequencedMap<String, TunerLayer> tied() {
    return tied;
  }

  /** Layers that have an adapter besides the targets. */
  ExtraTargets extraTargets() {
    return extra;
  }

  /** True if a layer of it keeps something that was made from the parameter's value. */
  boolean keepsOfBase(Parameter p) {
    return set.base().slotsOf(p).stream()
        .map(slots::get)
        .anyMatch(layer -> layer != null && layer.keepsOfBase());
  }

  /** True for a value of the base that its file gave. */
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

  /** The base's weights were replaced. */
  void baseChanged() {
    beginning.baseChanged(this, set.base());
  }

  /** Its layers by the slots they are on, in the model's order. */
  SequencedMap<AdapterSlot, TunerLayer> slots() {
    return slots;
  }
}
