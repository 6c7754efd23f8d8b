package dev.peft4j.tuner;

import dev.peft4j.data.Rng;
import dev.peft4j.graph.VariableGroup;
import dev.peft4j.log.Log;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedBuffer;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Overlay;
import dev.peft4j.nn.Overlays;
import dev.peft4j.nn.Parameter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeSet;
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
public final class AdapterSet extends AdapterMerging {
  /** In {@link #perSample}: the base model, without an adapter. */
  public static final String BASE = "__base__";

  /** Where the layers and modules of one adapter are given. */
  public interface Attachment {
    /**
     * Attaches the adapter to a layer.
     *
     * @param path the layer's path in the model, for example {@code layers.0.self_attn.q_proj}
     * @throws IllegalArgumentException if there is no layer, or of a type that the tuner cannot
     *     adapt
     */
    void attach(String path, @Nullable Module layer);

    /** Trains a copy of a module while the adapter is active (peft's {@code modules_to_save}). */
    void save(String path, @Nullable Module module);

    /**
     * Attaches the adapter to whatever its configuration names below a module whose parts are known
     * only at run time, and saves the modules to save there.
     *
     * @param path the module's path; empty for the whole model
     */
    void attachMatching(String path, @Nullable Module below);

    /** True if the configuration targets the module at {@code path}. */
    boolean matches(String path, Module module);

    /**
     * Attaches what is left: layers that the configuration names and that declared types do not
     * show, such as those in a subclass. Then everything that the configuration names has to be
     * there.
     *
     * @throws IllegalArgumentException if a target or a module to save names nothing, with
     *     suggestions; the adapter is removed
     */
    void finish();
  }

  private static final Log LOG = Log.of(AdapterSet.class);

  private AdapterSet(Module root) {
    super(new BaseModel(root));
  }

  /**
   * An empty set for {@code root}, of which every parameter is frozen and gets its path as its
   * name. Several sets may have the same model or parts of it as their base; each call then says
   * through which it goes.
   */
  public static AdapterSet freezing(Module root) {
    AdapterSet set = new AdapterSet(root);
    set.base().freeze();
    return set;
  }

  // ---- adding and removing

  /**
   * Adds an adapter; its layers are given to what is returned. The first one is active, others are
   * not.
   *
   * @throws IllegalArgumentException if the name is taken or no name for a folder, or the adapter
   *     cannot be beside the others
   */
  public synchronized Attachment add(String name, PeftConfig config) {
    AttachedAdapter adapter = newAdapter(name, Settings.of(config));
    publish(adapter);
    return adapter;
  }

  /**
   * Adds an adapter to all that its configuration names: peft's {@code add_adapter}. It is not
   * active, unless it is the first.
   *
   * @throws IllegalArgumentException if a target or a module to save names nothing, with
   *     suggestions; nothing is attached
   */
  public void addMatching(String name, PeftConfig config) {
    addComplete(name, config, AttachedAdapter::attachAll);
  }

  /**
   * Removes an adapter: peft's {@code delete_adapter}. If no active one is left, the first of the
   * others by name becomes active.
   *
   * @throws IllegalStateException while it is merged
   */
  public synchronized void delete(String name) {
    AttachedAdapter a = adapter(name);
    requireUnmerged(a, "deleted");
    boolean wasActive = state.active().contains(a);
    state = state.minus(a);
    modes().forget(a);
    if (wasActive && state.active().isEmpty() && !state.adapters().isEmpty()) {
      String next = new TreeSet<>(state.adapters().keySet()).getFirst();
      LOG.warn("adapter '{}' was active and is deleted; '{}' is active now", name, next);
      activate(next);
    }
  }

  /**
   * Gives an adapter another name; it stays what it was otherwise, its place in the order included.
   */
  public synchronized void rename(String name, String newName) {
    AttachedAdapter a = adapter(name);
    requireFree(newName);
    a.rename(newName);
    state = state.renamed(a, newName);
  }

  /**
   * Adds an adapter made of others: peft's {@code add_weighted_adapter}. It is frozen and not
   * active.
   *
   * @param sources names of the adapters
   * @param weights one for each, of either sign
   * @throws IllegalArgumentException if they cannot be combined this way, saying why; nothing is
   *     added
   * @throws ArithmeticException if a weight would not be finite, naming it; nothing is added
   */
  public void addWeighted(
      String name, List<String> sources, List<Double> weights, Combination combination) {
    CombinedAdapter<?> merge = WeightedMerge.of(base(), adapters(sources), weights, combination);
    addComplete(
        name,
        merge.config(),
        a ->
            VariableGroup.pinned(
                () -> {
                  a.attachAll();
                  merge.fill(a.layers());
                  adapters(sources).forEach(source -> source.giveTo(a));
                  for (Parameter p : a.ownParameters()) {
                    String bad = NonFinite.in(p.own(), p.shape());
                    if (bad != null) {
                      throw new ArithmeticException(
                          "combining adapters " + sources + " would give " + p.name() + " " + bad);
                    }
                  }
                  a.setTrainable(false);
                  return true;
                }));
  }

  // ---- choosing

  /** The names of the adapters, in the order they were added. */
  public List<String> names() {
    return List.copyOf(state.adapters().keySet());
  }

  /** The settings of an adapter. */
  public PeftConfig config(String name) {
    return adapter(name).config();
  }

  /** The adapters that act on a call made here. */
  public List<String> active() {
    return acting().stream().map(AttachedAdapter::name).toList();
  }

  private List<AttachedAdapter> acting() {
    return switch (Overlays.chosen(this)) {
      case Acting chosen -> chosen.adapters();
      case PerSample chosen -> chosen.adapters();
      case null, default -> state.standard().adapters();
    };
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

  /** As {@link #activate(String...)}; with {@code trainable} false they are frozen, too. */
  public synchronized void activate(List<String> names, boolean trainable) {
    List<AttachedAdapter> active = adapters(names);
    if (!state.merged().adapters().isEmpty()) {
      LOG.warn(
          "adapters {} are merged: they are unmerged, since others become active",
          state.merged().names());
    }
    state = state.with(active, MergedWeights.none(this));
    state.adapters().values().forEach(a -> a.setTrainable(trainable && active.contains(a)));
  }

  /** Turns gradients off for an adapter's parameters, active or not. */
  public void freeze(String name) {
    adapter(name).setTrainable(false);
  }

  /** Turns gradients on for an adapter's parameters, active or not. */
  public void unfreeze(String name) {
    adapter(name).setTrainable(true);
  }

  /**
   * Runs {@code body}, on this thread, with these adapters, which add up; with none it runs the
   * base model.
   */
  public <T> T with(List<String> names, Supplier<T> body) {
    AdapterState s = state;
    return scope(new Acting(adapters(names), s.merged()), body);
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
    AdapterState s = state;
    List<AttachedAdapter> order = List.copyOf(s.adapters().values());
    return scope(new PerSample(this, PerSample.resolve(names, s.adapters()), order), body);
  }

  /**
   * Runs {@code body}, on this thread, as one call of the adapted model: the adapters are those
   * chosen around it, or else the active ones, and they and their weights stay the same until it
   * ends, even if it reads results in between.
   */
  public <T> T call(Supplier<T> body) {
    Overlay chosen = Overlays.chosen(this);
    return scope(chosen == null ? state.standard() : chosen, body);
  }

  /** One call: adapters and weights stay what they are. */
  private <T> T scope(Overlay overlay, Supplier<T> body) {
    return VariableGroup.pinned(() -> modes().call(() -> Overlays.with(this, overlay, body)));
  }

  // ---- training and evaluation

  /**
   * Training mode for calls that this thread makes through these adapters, until it calls {@link
   * #eval}: dropout is active. Other threads, calls that have begun, and other adapted models of
   * the same base stay in the mode that they are in.
   */
  public void train() {
    modes().set(modules(), true);
  }

  /**
   * Evaluation mode for calls through these adapters: dropout does nothing. It is for every thread
   * but those that called {@link #train} or made an optimizer step in training mode; calls that
   * have begun and other adapted models of the same base stay in the mode that they are in.
   */
  public void eval() {
    modes().set(modules(), false);
  }

  /** True if calls that this thread makes through these adapters are in training mode. */
  public boolean training() {
    return state.adapters().isEmpty() ? root().training() : modes().isTraining(root());
  }

  private List<Module> modules() {
    return base().modules().stream().map(NamedModule::module).toList();
  }

  /**
   * Runs {@code body}, on this thread, in training mode, and with random numbers that nothing else
   * draws from: what it trains is the same, bit by bit, whatever other threads do with the base.
   *
   * @param trained the parameters that it trains; a later run that trains the same adapters draws
   *     the numbers that follow
   */
  public <T> T training(Collection<Parameter> trained, Supplier<T> body) {
    Set<Parameter> all = Set.copyOf(trained);
    List<AttachedAdapter> adapters =
        state.adapters().values().stream()
            .filter(a -> a.ownParameters().stream().anyMatch(all::contains))
            .toList();
    return modes().training(adapters, body);
  }

  /**
   * Runs {@code body} in evaluation mode. Other threads are in it meanwhile, too, but for those
   * that called {@link #train} or are in {@link #training(Collection, Supplier)}.
   */
  public <T> T evaluating(Supplier<T> body) {
    return modes().evaluating(body);
  }

  // ---- looking

  /** The model that the adapters are attached to. */
  @Override
  public Module root() {
    return base().root();
  }

  /**
   * The parameters of the model without its adapters, each under each of its paths. (The model's
   * own {@code parameters()} has the adapters' as well, if its class is generated.)
   */
  public List<NamedParameter> baseParameters() {
    return base().parameters();
  }

  /** All parameters of the adapted model under peft's names, in peft's order. */
  public List<NamedParameter> namedParameters() {
    return AdapterNames.of(root(), state.adapters().values()).stream()
        .map(n -> new NamedParameter(n.name(), n.parameter()))
        .toList();
  }

  /**
   * What is NaN or infinite among the weights of the base and of the adapters, a sentence a weight:
   * {@code base_model.model.fc1.lora_B.default.weight has NaN at [0, 3]}. Looks at every number.
   */
  public List<String> nonFinite() {
    List<String> found = new ArrayList<>();
    for (NamedParameter p : namedParameters()) {
      String bad = NonFinite.in(p.parameter().own(), p.parameter().shape());
      if (bad != null) {
        found.add(p.name() + " has " + bad);
      }
    }
    return found;
  }

  /** All buffers of the adapted model under peft's names. */
  public List<NamedBuffer> namedBuffers() {
    return AdapterNames.buffers(base(), state.adapters().values()).stream()
        .map(n -> new NamedBuffer(n.name(), n.buffer()))
        .toList();
  }

  /** The parameters that receive gradients. */
  public List<Parameter> trainableParameters() {
    return namedParameters().stream()
        .map(NamedParameter::parameter)
        .filter(Parameter::trainable)
        .toList();
  }

  /**
   * The random generators that training with the adapters chosen here draws from, those of the
   * model and of its adapters, by names that stay the same from run to run; their state is part of
   * a checkpoint.
   */
  public SequencedMap<String, Rng> generators() {
    SequencedMap<String, Rng> found = new LinkedHashMap<>(root().generators());
    for (AttachedAdapter a : state.adapters().values()) {
      a.layers().forEach((path, layer) -> addGenerators(found, a, path, layer));
      a.tied().forEach((path, layer) -> addGenerators(found, a, path, layer));
    }
    found.replaceAll((name, own) -> modes().stream(this, own));
    return found;
  }

  private static void addGenerators(
      Map<String, Rng> into, AttachedAdapter a, String path, TunerLayer layer) {
    List<Rng> own = layer.generators();
    for (int i = 0; i < own.size(); i++) {
      into.put(AdapterNames.PREFIX + path + "." + a.name() + "." + i, own.get(i));
    }
  }

  /** The state of each adapted layer and each saved module: peft's {@code get_layer_status}. */
  public List<LayerStatus> layerStatus() {
    return status().layers();
  }

  /** The state of the whole: peft's {@code get_model_status}. */
  public ModelStatus modelStatus() {
    return status().model();
  }

  private StatusReader status() {
    AdapterState s = state;
    Overlay chosen = Overlays.chosen(this);
    boolean enabled = !(chosen instanceof Acting a && a.adapters().isEmpty());
    return new StatusReader(
        this,
        s.adapters().values(),
        enabled ? acting() : s.active(),
        s.merged().adapters(),
        enabled);
  }

  /**
   * A table for reading, a row an adapter: name, whether it is active, tuner, rank (the smallest
   * and the largest if layers differ), number of layers, numbers in its parameters, how many of
   * them are trained, whether it is merged.
   */
  @Override
  public String toString() {
    AdapterState s = state;
    return AdapterTable.of(
        modelStatus().baseModelType(), s.adapters().values(), active(), s.merged().names());
  }
}
