package dev.peft4j.tuner;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.NonFiniteException;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.VariableGroup;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedBuffer;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Overlay;
import dev.peft4j.nn.OverlaySource;
import dev.peft4j.nn.Overlays;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.tensor.Tensor;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The adapters of one model by name, the first one active: what generated classes and {@link
 * PeftModel#of} build on.
 *
 * <p>Any number of threads may call the model while adapters are added, deleted, merged or swapped
 * on another: a call that chose its adapters ({@link #with}, {@link #perSample}) keeps those that
 * it chose.
 */
public final class AdapterSet implements StoresAdapters, MergesAdapters, TrainsAdapters {
  /** In {@link #perSample}: the base model, without an adapter. */
  public static final String BASE = PerSampleOverlay.BASE;

  private final AdapterRegistry registry;
  private final AdapterStore store;
  private final AdapterMerger merger;
  private final Inspection inspection;
  private final AdapterPasses passes;

  private AdapterSet(Module root) {
    this.registry = new AdapterRegistry(new FrozenBase(root));
    this.store = new AdapterStore(registry);
    this.merger = new AdapterMerger(registry);
    this.inspection = new Inspection(registry);
    this.passes = new AdapterPasses(registry, inspection);
  }

  /**
   * Returns an empty set for {@code root}, of which every parameter is frozen and gets its path as
   * its name. Several sets may have the same model or parts of it as their base; each call then
   * says through which it goes.
   */
  public static AdapterSet freezing(Module root) {
    AdapterSet set = new AdapterSet(root);
    set.registry.base().freeze();
    return set;
  }

  // ---- adding and removing

  /**
   * Adds an adapter; its layers are given to what is returned, and once that is published, calls
   * see the adapter. The first one is active, others are not.
   *
   * @throws IllegalArgumentException if the name is taken or no name for a folder, or the adapter
   *     cannot be beside the others
   */
  public Attachment add(String name, PeftConfig config) {
    return registry.start(name, config);
  }

  /**
   * Adds an adapter to all that its configuration names: peft's {@code add_adapter}. It is not
   * active, unless it is the first.
   *
   * @throws IllegalArgumentException if a target or a module to save names nothing, with
   *     suggestions; nothing is attached
   */
  public void addMatching(String name, PeftConfig config) {
    add(name, config).finish();
  }

  @Override
  public LoadReport addFrom(Path folder, String name, Strictness strictness) {
    return store.addFrom(folder, name, strictness);
  }

  /**
   * Removes an adapter: peft's {@code delete_adapter}. If no active one is left, the first of the
   * others by name becomes active.
   *
   * @throws IllegalStateException while it is merged
   */
  public void delete(String name) {
    registry.delete(name);
  }

  /**
   * Gives an adapter another name; it stays what it was otherwise, its place in the order included.
   */
  public void rename(String name, String newName) {
    registry.rename(name, newName);
  }

  /**
   * Adds an adapter made of others: peft's {@code add_weighted_adapter}. It is frozen and not
   * active.
   *
   * @param sources names of the adapters
   * @param weights one for each, of either sign
   * @throws IllegalArgumentException if they cannot be combined this way, saying why; nothing is
   *     added
   * @throws NonFiniteException if a weight would not be finite, naming it; nothing is added
   */
  public void addWeighted(
      String name, List<String> sources, List<Double> weights, Combination combination) {
    List<AttachedAdapter> all = registry.adapters(sources);
    WeightedMerge merge = WeightedMerge.of(registry.base(), all, weights, combination);
    registry.publish(() -> merge.fill(registry.start(name, merge.config()).completeAll()));
  }

  // ---- choosing

  /** Returns the names of the adapters, in the order they were added. */
  public List<String> names() {
    return List.copyOf(registry.state().adapters().keySet());
  }

  /** Returns the settings of an adapter. */
  public PeftConfig config(String name) {
    return registry.adapter(name).config();
  }

  /** Returns the adapters that act on a call made here. */
  public List<String> active() {
    return inspection.acting().stream().map(AttachedAdapter::name).toList();
  }

  /**
   * Makes adapters the active ones, for calls that choose none; their parameters become the
   * trainable ones: peft's {@code set_adapter}. What is merged is unmerged.
   *
   * @throws IllegalArgumentException if there is none of a name, or two of them train a copy of the
   *     same module or rows of the same tokens
   */
  public void activate(String... names) {
    activate(List.of(names), true);
  }

  /**
   * Does the same as {@link #activate(String...)}; with {@code trainable} false they are frozen,
   * too.
   */
  public void activate(List<String> names, boolean trainable) {
    registry.activate(names, trainable);
  }

  /** Turns gradients off for an adapter's parameters, active or not. */
  public void freeze(String name) {
    registry.adapter(name).setTrainable(false);
  }

  /** Turns gradients on for an adapter's parameters, active or not. */
  public void unfreeze(String name) {
    registry.adapter(name).setTrainable(true);
  }

  /**
   * Runs {@code body}, on this thread, with these adapters, which add up; with none it runs the
   * base model.
   */
  public <T> T with(List<String> names, Supplier<T> body) {
    AdapterState s = registry.state();
    return scope(new AdapterOverlay(registry.adapters(names), s.merged()), body);
  }

  /**
   * Runs {@code body}, on this thread, with one adapter for each sample of the batch: peft's {@code
   * forward(adapter_names=[...])}. The first dimension of every adapted layer's input must be the
   * batch. The programs that run depend on which adapters occur, not on the order of the samples.
   *
   * @param names for each sample an adapter, or {@link #BASE}
   * @throws IllegalStateException in training mode
   */
  public <T> T perSample(List<String> names, Supplier<T> body) {
    if (training()) {
      throw new IllegalStateException(
          "one adapter for each sample is for inference: call eval() on the model first");
    }
    AdapterState s = registry.state();
    List<AttachedAdapter> order = List.copyOf(s.adapters().values());
    return scope(
        new PerSampleOverlay(
            registry, s.merged(), PerSampleOverlay.resolve(names, s.adapters()), order),
        body);
  }

  /**
   * Runs {@code body}, on this thread, as one call of the adapted model: the adapters are those
   * chosen around it, or else the active ones, and they and their weights stay the same until it
   * ends, even if it reads results in between.
   */
  public <T> T call(Supplier<T> body) {
    Overlay chosen = Overlays.chosen(registry);
    return scope(chosen == null ? registry.state().standard() : chosen, body);
  }

  /** One call: adapters and weights stay what they are. */
  private <T> T scope(Overlay overlay, Supplier<T> body) {
    return VariableGroup.pinned(
        () -> registry.modes().call(() -> Overlays.with(registry, overlay, body)));
  }

  // ---- training and evaluation

  @Override
  public void train() {
    passes.train();
  }

  @Override
  public void eval() {
    passes.eval();
  }

  @Override
  public boolean training() {
    return passes.training();
  }

  @Override
  public <T> T training(Collection<Parameter> trained, Supplier<T> body) {
    return passes.training(trained, body);
  }

  @Override
  public @Nullable Tensor addedLoss() {
    return passes.addedLoss();
  }

  @Override
  public void step(Optimizer optimizer) {
    passes.step(optimizer);
  }

  @Override
  public <T> T evaluating(Supplier<T> body) {
    return passes.evaluating(body);
  }

  // ---- files

  @Override
  public void save(Path folder, String name) {
    store.save(folder, name);
  }

  @Override
  public void load(Path folder, String name) {
    store.load(folder, name);
  }

  @Override
  public void hotSwap(String name, Path folder) {
    store.hotSwap(name, folder);
  }

  @Override
  public void hotSwap(String name, Map<String, StoredTensor> weights) {
    store.hotSwap(name, weights);
  }

  @Override
  public void loadBase(Path path) {
    store.loadBase(path);
  }

  @Override
  public void loadBase(Map<String, Storage> values) {
    store.loadBase(values);
  }

  @Override
  public void saveBase(Path path) {
    store.saveBase(path);
  }

  // ---- merging

  @Override
  public void merge(String... names) {
    merger.merge(names);
  }

  @Override
  public void unmerge(String... names) {
    merger.unmerge(names);
  }

  @Override
  public boolean isMerged(String name) {
    return merger.isMerged(name);
  }

  @Override
  public List<String> merged() {
    return registry.state().merged().names();
  }

  @Override
  public void mergeAndUnload(String... names) {
    merger.mergeAndUnload(names);
  }

  @Override
  public void saveMerged(Path path, String... names) {
    merger.saveMerged(path, names);
  }

  @Override
  public MergeReport mergeAndUnload(Encoding encoding, String... names) {
    return merger.mergeAndUnload(encoding, names);
  }

  @Override
  public MergeReport saveMerged(Path path, Encoding encoding, String... names) {
    return merger.saveMerged(path, encoding, names);
  }

  @Override
  public void unload() {
    merger.unload();
  }

  // ---- looking

  /**
   * Returns what an adapter adds to the weight of each of its layers, in the model's order.
   *
   * @throws IllegalArgumentException if it changes anything but weights of linear layers, naming it
   * @throws IllegalStateException if what it does depends on more than a weight can hold
   */
  public List<WeightChange> weightChanges(String name) {
    return WeightChanges.of(registry, registry.adapter(name));
  }

  /** Returns the tensors of the modules that an adapter trains in full, by the keys of its file. */
  public SequencedMap<String, StoredTensor> savedModules(String name) {
    AttachedAdapter a = registry.adapter(name);
    SequencedMap<String, StoredTensor> found = new LinkedHashMap<>();
    a.saved()
        .forEach(
            (path, module) ->
                module
                    .namedParameters()
                    .forEach(
                        p -> {
                          Parameter copy = a.copyOf(p.parameter());
                          if (copy != null) {
                            found.put(
                                PeftNames.PREFIX + path + "." + p.name(),
                                new StoredTensor(copy.shape(), copy.own()));
                          }
                        }));
    return found;
  }

  /** Returns the model that the adapters are attached to. */
  public Module root() {
    return registry.base().root();
  }

  /**
   * Returns the parameters of the model without its adapters, each under each of its paths. (The
   * model's own {@code parameters()} has the adapters' as well, if its class is generated.)
   */
  public List<NamedParameter> baseParameters() {
    return registry.base().parameters();
  }

  /** Returns all parameters of the adapted model under peft's names, in peft's order. */
  public List<NamedParameter> namedParameters() {
    return inspection.namedParameters();
  }

  /**
   * Returns what is NaN or infinite among the weights of the base and of the adapters, a sentence a
   * weight: {@code base_model.model.fc1.lora_B.default.weight has NaN at [0, 3]}. Looks at every
   * number.
   */
  public List<String> nonFinite() {
    return inspection.nonFinite();
  }

  /** Returns all buffers of the adapted model under peft's names. */
  public List<NamedBuffer> namedBuffers() {
    return inspection.namedBuffers();
  }

  /** Returns the parameters that receive gradients. */
  public List<Parameter> trainableParameters() {
    return namedParameters().stream()
        .map(NamedParameter::parameter)
        .filter(Parameter::trainable)
        .toList();
  }

  /**
   * Returns the random generators that training with the adapters chosen here draws from, those of
   * the model and of its adapters, by names that stay the same from run to run; their state is part
   * of a checkpoint.
   */
  public SequencedMap<String, Rng> generators() {
    return inspection.generators();
  }

  /**
   * Returns the state of each adapted layer and each saved module: peft's {@code get_layer_status}.
   */
  public List<LayerStatus> layerStatus() {
    return inspection.status().layers();
  }

  /** Returns the state of the whole: peft's {@code get_model_status}. */
  public ModelStatus modelStatus() {
    return inspection.status().model();
  }

  /**
   * Returns a table for reading, a row an adapter: name, whether it is active, tuner, rank (the
   * smallest and the largest if layers differ), number of layers, numbers in its parameters, how
   * many of them are trained, whether it is merged.
   */
  @Override
  public String toString() {
    AdapterState s = registry.state();
    return AdapterTable.of(
        modelStatus().baseModelType(), s.adapters().values(), active(), s.merged().names());
  }

  // ---- for models that have adapters

  /** Returns what the base knows as its adapted model. */
  OverlaySource source() {
    return registry;
  }

  AdapterStore store() {
    return store;
  }

  /** Returns whether no other adapted model shares anything of the base. */
  boolean isAlone() {
    return registry.isAlone();
  }

  AttachedAdapter adapter(String name) {
    return registry.adapter(name);
  }
}
