package dev.peft4j.tuner;

import dev.peft4j.annotation.Bias;
import dev.peft4j.data.Rng;
import dev.peft4j.nn.Adaptable;
import dev.peft4j.nn.AdapterSlot;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.NamedParameter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes one adapter: collects its layers and modules, then attaches it to all of them, so that each
 * layer knows of the others. No call sees it until it is published.
 */
final class Attaching implements Attachment {
  private final FrozenBase base;
  private final AttachedAdapter adapter;
  private final AdapterTargets targets;
  private final Function<String, @Nullable AttachedAdapter> others;
  private final Consumer<Supplier<AttachedAdapter>> publisher;
  private final SequencedMap<String, Module> asked = new LinkedHashMap<>();
  private final Set<AdapterSlot> askedSlots = Collections.newSetFromMap(new IdentityHashMap<>());

  /**
   * Starts an adapter.
   *
   * @param others an adapter that the model has already, by its name
   * @param publisher makes it and adds it to the model
   */
  Attaching(
      FrozenBase base,
      AttachedAdapter adapter,
      Function<String, @Nullable AttachedAdapter> others,
      Consumer<Supplier<AttachedAdapter>> publisher) {
    this.others = others;
    this.base = base;
    this.adapter = adapter;
    this.targets = adapter.targets();
    this.publisher = publisher;
  }

  // ---- collecting

  @Override
  public void attach(String path, @Nullable Module layer) {
    if (layer == null) {
      throw new IllegalArgumentException(
          "adapter '"
              + adapter.name()
              + "': the layer '"
              + path
              + "' is null; a targeted layer must be there when adapters are attached");
    }
    if (!(layer instanceof Adaptable adaptable)) {
      throw new IllegalArgumentException(
          "adapter '"
              + adapter.name()
              + "': '"
              + path
              + "' is a "
              + layer.getClass().getSimpleName()
              + ", "
              + adapter.tuner().peftType()
              + " adapts "
              + adapter.tuner().layerTypes().stream().map(Class::getSimpleName).toList());
    }
    if (askedSlots.contains(adaptable.slot())) {
      return; // one layer under two paths goes by the first, as in namedModules()
    }
    if (asked.containsKey(path)) {
      throw new IllegalArgumentException(
          "adapter '" + adapter.name() + "' is attached to '" + path + "' already");
    }
    if (targets.isExtra(path) && targets.isTarget(path, layer)) {
      throw new IllegalArgumentException(
          "adapter '"
              + adapter.name()
              + "': '"
              + path
              + "' is a target and has "
              + targets.extra().setting()
              + ", too: it can have one of them");
    }
    asked.put(path, layer);
    askedSlots.add(adaptable.slot());
  }

  @Override
  public void save(String path, @Nullable Module module) {
    if (module == null) {
      throw new IllegalArgumentException(
          "adapter '" + adapter.name() + "': the module to save '" + path + "' is null");
    }
    adapter.save(path, module);
  }

  @Override
  public void attachMatching(String path, @Nullable Module below) {
    if (below == null) {
      return;
    }
    for (NamedModule m : below.namedModules()) {
      String full = m.name().isEmpty() ? path : path.isEmpty() ? m.name() : path + "." + m.name();
      if (targets.saves(full) && !isWithin(adapter.saved(), full)) {
        save(full, m.module());
      } else if (matches(full, m.module()) && !asked.containsKey(full)) {
        attach(full, m.module());
      }
    }
  }

  @Override
  public boolean matches(String path, Module module) {
    return targets.matches(path, module);
  }

  @Override
  public void publish() {
    publisher.accept(this::complete);
  }

  @Override
  public void finish() {
    publisher.accept(this::completeAll);
  }

  private static boolean isWithin(Map<String, ?> paths, String path) {
    for (int dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
      if (paths.containsKey(path.substring(0, dot))) {
        return true;
      }
    }
    return paths.containsKey(path);
  }

  // ---- attaching

  /** Attaches the adapter to all that its settings name, which has to be there. */
  AttachedAdapter completeAll() {
    attachMatching("", base.root());
    AttachedAdapter made = complete();
    MatchCheck.require(made, base.modules());
    return made;
  }

  /** Attaches the adapter to all that was given. */
  AttachedAdapter complete() {
    if (adapter.tuner().fillsSlots()) {
      adapter.settings().slots(base.slotsAndModules()).forEach(s -> attach(s.name(), s.module()));
    }
    List<NamedModule> all = new ArrayList<>();
    for (Map.Entry<String, Module> e : asked.entrySet()) {
      all.add(new NamedModule(e.getKey(), e.getValue()));
    }
    AdapterContext context = new AdapterContext(all, others);
    for (NamedModule m : all) {
      if (!adapter.settings().parameterTargets(m.name(), m.module()).isEmpty()) {
        throw new IllegalArgumentException(
            "adapter '"
                + adapter.name()
                + "': '"
                + m.name()
                + "' is a target and has target parameters, too: it can have one of them");
      }
      attachTied(m.name(), m.module(), context);
    }
    attachToParameters(context);
    if (adapter.config().bias() == Bias.ALL) {
      copyAllBiases();
    }
    return adapter;
  }

  /** Attaches it to the parameters that are targets by themselves. */
  private void attachToParameters(AdapterContext context) {
    for (NamedModule m : base.modules()) {
      if (adapter.settings().parameterTargets(m.name(), m.module()).isEmpty()
          || isWithin(adapter.saved(), m.name())) {
        continue;
      }
      AdapterSlot slot = m.module() instanceof Adaptable layer ? layer.slot() : new AdapterSlot();
      attachTo(m.name(), m.module(), slot, context);
    }
  }

  /** Attaches it to a layer, or to the one that carries the adapter of all that share a weight. */
  private void attachTied(String path, Module layer, AdapterContext context) {
    if (adapter.at(slot(layer)) != null) {
      return; // it shares the adapter of another
    }
    List<NamedModule> group = TiedLayers.sharing(base, layer);
    NamedModule own = new NamedModule(path, layer);
    NamedModule carrier =
        adapter.settings().tiesWeights() && !group.isEmpty() && targets.isTarget(path, layer)
            ? TiedLayers.carrier(group, own)
            : own;
    if (!adapter.layers().containsKey(carrier.name())) {
      attachTo(carrier.name(), carrier.module(), slot(carrier.module()), context);
      group.forEach(other -> tie(carrier.name(), other));
    }
    if (!adapter.layers().containsKey(path) && adapter.at(slot(layer)) == null) {
      attachTo(path, layer, slot(layer), context); // the carrier's is not for it
    }
  }

  private void attachTo(String path, Module layer, AdapterSlot slot, AdapterContext context) {
    Rng rng = Rng.current();
    adapter.beginning().of(path, rng);
    TunerLayer made = adapter.settings().attach(path, layer, context.drawing(rng));
    adapter.add(path, layer, slot, made);
    if (adapter.config().bias() == Bias.LORA_ONLY) {
      copyBiases(path, layer);
    }
  }

  /**
   * Lets a layer that shares its weight with an adapted one compute with the same adapter, if the
   * tuner can.
   */
  private void tie(String carrier, NamedModule other) {
    if (adapter.at(slot(other.module())) != null || targets.leavesOut(other.name())) {
      return;
    }
    TunerLayer twin = adapter.layer(carrier).twin(other.module());
    if (twin != null) {
      adapter.add(other.name(), other.module(), slot(other.module()), twin);
      return;
    }
    TunerLayer shared = adapter.layer(carrier).tied(other.module());
    if (shared != null) {
      adapter.addTied(
          other.name(), slot(other.module()), carrier, shared, !targets.isExtra(carrier));
    }
  }

  private static AdapterSlot slot(Module layer) {
    return ((Adaptable) layer).slot();
  }

  /** A copy of every bias outside the modules to save; like peft, of all that is named so. */
  private void copyAllBiases() {
    for (NamedParameter p : base.parameters()) {
      if (p.name().contains("bias") && !isWithin(adapter.saved(), p.name())) {
        adapter.copy(p.parameter(), adapter.tuner().basePrefix() + p.name());
      }
    }
  }

  private void copyBiases(String path, Module layer) {
    layer
        .ownParameters()
        .forEach(
            (own, p) -> {
              if (own.contains("bias")) {
                adapter.copy(p, PeftNames.PREFIX + path + ".base_layer." + own);
              }
            });
  }
}
