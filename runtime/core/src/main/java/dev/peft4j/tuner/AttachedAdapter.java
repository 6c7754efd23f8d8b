package dev.peft4j.tuner;

import dev.peft4j.annotation.Bias;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Storage;
import dev.peft4j.nn.Adaptable;
import dev.peft4j.nn.LayerAdapter;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.target.TargetMatcher;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** One named adapter of an {@link AdapterSet}: its layers, its copies of saved modules and of biases. */
final class AttachedAdapter implements AdapterSet.Attachment {
  /** A tuner's layer in a slot; does nothing while it is merged into the layer's weights. */
  private record InSlot(TunerLayer layer, AttachedAdapter owner) implements LayerAdapter {
    @Override
    public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
      return owner.merged ? base.apply(x) : layer.forward(x, base);
    }
  }

  private final AdapterSet set;
  private final String name;
  private final PeftConfig config;
  private final Tuner tuner;
  private final TargetMatcher matcher;
  private final SequencedMap<String, TunerLayer> layers = new LinkedHashMap<>();
  private final Map<String, Module> adapted = new LinkedHashMap<>();
  private final SequencedMap<String, Module> saved = new LinkedHashMap<>();
  private final Map<Parameter, Parameter> copies = Collections.synchronizedMap(new IdentityHashMap<>());
  private final Map<Parameter, Storage> beforeMerge = new IdentityHashMap<>();
  private volatile boolean merged;

  AttachedAdapter(AdapterSet set, String name, PeftConfig config) {
    this.set = set;
    this.name = name;
    this.config = config;
    this.tuner = Tuner.of(config.peftType());
    this.matcher = new TargetMatcher(config.targets().withModulesToSave(config.allModulesToSave()));
  }

  @Override
  public void attach(String path, @Nullable Module layer) {
    if (layer == null) {
      throw new IllegalArgumentException(
          "adapter '" + name + "': the layer '" + path + "' is null; a targeted layer must be there when adapters are attached");
    }
    if (!(layer instanceof Adaptable)) {
      throw new IllegalArgumentException(
          "adapter '" + name + "': '" + path + "' is a " + layer.getClass().getSimpleName() + ", " + tuner.peftType()
              + " adapts " + tuner.layerTypes().stream().map(Class::getSimpleName).toList());
    }
    if (adapted.containsValue(layer)) {
      return; // one layer under two paths goes by the first, as in namedModules()
    }
    if (layers.containsKey(path)) {
      throw new IllegalArgumentException("adapter '" + name + "' is attached to '" + path + "' already");
    }
    attachTo(path, cast(layer));
  }

  private <L extends Module & Adaptable> void attachTo(String path, L layer) {
    TunerLayer made = tuner.attach(path, layer, config, Rng.current());
    layers.put(path, made);
    adapted.put(path, layer);
    for (TunerLayer.Entry e : made.parameters()) {
      e.parameter().variable().rename(AdapterNames.inMemory(path, e, name));
      trainable(e.parameter());
    }
    layer.slot().attach(name, new InSlot(made, this), set.selection());
    if (config.bias() == Bias.LORA_ONLY) {
      copyBiases(path, layer);
    }
  }

  @SuppressWarnings("unchecked") // checked by the caller: a module that is adaptable
  private static <L extends Module & Adaptable> L cast(Module layer) {
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
    boolean linear = module instanceof dev.peft4j.nn.Linear && !set.isOutputHead(path);
    return matcher.match(path, linear).targeted();
  }

  @Override
  public void finish() {
    try {
      attachMatching("", set.root());
      set.requireAllMatched(this);
    } catch (RuntimeException e) {
      set.discard(name);
      throw e;
    }
  }

  private static boolean within(Map<String, ?> paths, String path) {
    return paths.keySet().stream().anyMatch(p -> path.equals(p) || path.startsWith(p + "."));
  }

  @Override
  public void save(String path, @Nullable Module module) {
    if (module == null) {
      throw new IllegalArgumentException("adapter '" + name + "': the module to save '" + path + "' is null");
    }
    saved.put(path, module);
    for (NamedParameter p : module.namedParameters()) {
      copies.remove(p.parameter()); // a bias that bias = all has copied belongs to the saved module
      copy(p.parameter(), AdapterNames.saved(path, name, p.name()));
    }
  }

  /** With {@code bias = all}: a copy of every bias outside the modules to save; like peft, of all that is named so. */
  void copyAllBiases() {
    if (config.bias() == Bias.ALL) {
      for (NamedParameter p : set.baseParameters()) {
        if (p.name().contains("bias") && !within(saved, p.name())) {
          copy(p.parameter(), AdapterNames.PREFIX + p.name());
        }
      }
    }
  }

  private void copyBiases(String path, Module layer) {
    layer.ownParameters().forEach((own, p) -> {
      if (own.contains("bias")) {
        copy(p, AdapterNames.PREFIX + path + ".base_layer." + own);
      }
    });
  }

  private void copy(Parameter original, String called) {
    if (copies.containsKey(original)) {
      return;
    }
    Parameter copy = new Parameter(original.own().copy(), original.shape());
    copy.variable().rename(called);
    trainable(copy);
    copies.put(original, copy);
    original.attachCopy(name, copy, set.selection());
  }

  private void trainable(Parameter p) {
    if (!set.selection().standard().contains(name)) {
      p.freeze();
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

  private List<Parameter> ownParameters() {
    List<Parameter> all = new ArrayList<>(copies.values());
    layers.values().forEach(l -> l.parameters().forEach(e -> all.add(e.parameter())));
    return all;
  }

  /** Writes the adapter into the base weights; keeps what was there. */
  void merge() {
    if (merged) {
      throw new IllegalStateException("adapter '" + name + "' is merged already; unmerge() it first");
    }
    // with this adapter active, so that no other one's copies stand for the weights
    Map<Parameter, Storage> results = set.selection().with(List.of(name), this::mergedWeights);
    results.forEach((p, value) -> {
      for (long i = 0; i < value.elements(); i++) {
        if (!Float.isFinite(value.floatAt(i))) {
          throw new ArithmeticException(
              "merging adapter '" + name + "' would put " + value.floatAt(i) + " into '" + p.name() + "'; nothing was changed");
        }
      }
    });
    results.forEach((p, value) -> {
      beforeMerge.put(p, p.own().copy());
      p.set(value);
    });
    merged = true;
  }

  private Map<Parameter, Storage> mergedWeights() {
    Map<Parameter, Storage> results = new LinkedHashMap<>();
    for (TunerLayer layer : layers.values()) {
      layer.merged().forEach((p, value) -> results.put(p, value.storage()));
    }
    copies.forEach((original, copy) -> results.put(original, copy.own()));
    return results;
  }

  /** Puts the base weights back, bit by bit. */
  void unmerge() {
    if (!merged) {
      throw new IllegalStateException("adapter '" + name + "' is not merged; merge() it first");
    }
    beforeMerge.forEach(Parameter::set);
    beforeMerge.clear();
    merged = false;
  }

  void detach() {
    adapted.values().forEach(layer -> ((Adaptable) layer).slot().detach(name));
    copies.keySet().forEach(original -> original.detachCopy(name));
  }

  String name() {
    return name;
  }

  PeftConfig config() {
    return config;
  }

  Tuner tuner() {
    return tuner;
  }

  TargetMatcher matcher() {
    return matcher;
  }

  boolean isMerged() {
    return merged;
  }

  SequencedMap<String, TunerLayer> layers() {
    return layers;
  }

  TunerLayer layer(String path) {
    return java.util.Objects.requireNonNull(layers.get(path), path);
  }

  SequencedMap<String, Module> saved() {
    return saved;
  }

  @Nullable Parameter copyOf(Parameter original) {
    return copies.get(original);
  }
}
