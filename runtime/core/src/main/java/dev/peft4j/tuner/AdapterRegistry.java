package dev.peft4j.tuner;

import dev.peft4j.annotation.Bias;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.log.Log;
import dev.peft4j.nn.HasModelType;
import dev.peft4j.nn.Modes;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Overlay;
import dev.peft4j.nn.OverlaySource;
import dev.peft4j.nn.Parameter;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Which adapters there are on a base, and how they come and go. What changes is in one state, which
 * is replaced as a whole.
 */
final class AdapterRegistry implements OverlaySource {
  private static final Log LOG = Log.of(AdapterRegistry.class);

  private volatile FrozenBase base;
  private final Modes modes = new Modes();
  private volatile AdapterState state;
  private volatile boolean unloaded;

  AdapterRegistry(FrozenBase base) {
    this.base = base;
    this.state = AdapterState.empty(MergedWeights.none(this, base));
  }

  FrozenBase base() {
    return base;
  }

  AdapterState state() {
    return state;
  }

  /** Replaces the state; one change follows the other. */
  synchronized void update(UnaryOperator<AdapterState> change) {
    state = change.apply(state);
  }

  /** Returns whether the base was given back by {@link #detach}. */
  boolean isUnloaded() {
    return unloaded;
  }

  // ---- as its base knows it

  @Override
  public @Nullable Overlay standard() {
    AdapterState s = state;
    return s.adapters().isEmpty() ? null : s.standard();
  }

  @Override
  public @Nullable View view(Module module) {
    return AdapterView.of(module, state.adapters().values());
  }

  @Override
  public Modes modes() {
    return modes;
  }

  @Override
  public void baseChanging() {
    if (!state.merged().adapters().isEmpty()) {
      throw new IllegalStateException(
          "adapters "
              + state.merged().names()
              + " are merged into the base's weights: unmerge() them before other weights are"
              + " loaded");
    }
  }

  @Override
  public synchronized void baseChanged() {
    Map<String, AttachedAdapter> all = state.adapters();
    all.values().forEach(a -> BaseChange.apply(a, base, all));
  }

  @Override
  public void unfreezeLater(Parameter p) {
    base.unfreezeLater(p);
  }

  // ---- coming and going

  /**
   * Returns settings with the targets that peft has for a model of this kind, if they name none.
   */
  Settings<?> forModel(Settings<?> settings) {
    return base.root() instanceof HasModelType m ? settings.forModel(m.modelType()) : settings;
  }

  /**
   * Starts an adapter, of which no call sees anything yet.
   *
   * @throws IllegalArgumentException if there is no tuner for it, or it cannot be beside the others
   */
  Attaching start(String name, PeftConfig config) {
    try {
      requireFits(name, config);
      Settings<?> settings = forModel(Settings.of(config));
      prepare(settings);
      AttachedAdapter adapter = new AttachedAdapter(this, base, name, settings);
      return new Attaching(base, adapter, n -> state.adapters().get(n), this::publish);
    } catch (RuntimeException e) {
      leaveIfEmpty();
      throw e;
    }
  }

  /** Lets the tuner change the model, which the first adapter alone may. */
  private synchronized void prepare(Settings<?> settings) {
    if (state.adapters().isEmpty() && settings.prepare(base.root())) {
      base = new FrozenBase(base.root());
      base.freeze();
      state = AdapterState.empty(MergedWeights.none(this, base));
    }
  }

  /**
   * Adds an adapter once it is made: calls see all of it or nothing. It is active if it is the
   * first. If it cannot be made, nothing is added.
   */
  synchronized void publish(Supplier<AttachedAdapter> made) {
    try {
      AttachedAdapter a = made.get();
      requireFits(a.name(), a.config()); // others may have come meanwhile
      if (!state.adapters().isEmpty()) {
        a.setTrainable(false);
      }
      base.join(this);
      unloaded = false;
      state = state.plus(a);
    } catch (RuntimeException e) {
      leaveIfEmpty();
      throw e;
    }
  }

  private void requireFits(String name, PeftConfig config) {
    requireFree(name);
    for (AttachedAdapter a : state.adapters().values()) {
      if (!a.config().peftType().equals(config.peftType())) {
        throw new IllegalArgumentException(
            "adapter '"
                + name
                + "' is of type "
                + config.peftType()
                + ", adapter '"
                + a.name()
                + "' of type "
                + a.config().peftType()
                + ": the adapters of one model are of one type");
      }
      if (config.bias() != Bias.NONE && a.config().bias() != Bias.NONE) {
        throw new IllegalArgumentException(
            "adapter '"
                + name
                + "' with bias "
                + config.bias().configName()
                + ": adapter '"
                + a.name()
                + "' trains biases already, at most one may");
      }
    }
  }

  void requireFree(String name) {
    AdapterFolder.locate(Path.of(""), name);
    if (name.equals(PerSampleOverlay.BASE)) {
      throw new IllegalArgumentException(
          "'"
              + PerSampleOverlay.BASE
              + "' stands for the base model, an adapter needs another name");
    }
    if (state.adapters().containsKey(name)) {
      throw new IllegalArgumentException("there is an adapter named '" + name + "' already");
    }
  }

  /** A base that got no adapter is what it was. */
  synchronized void leaveIfEmpty() {
    if (state.adapters().isEmpty()) {
      base.leave(this);
      base.restore();
    }
  }

  synchronized void delete(String name) {
    AttachedAdapter a = adapter(name);
    requireUnmerged(a, "deleted");
    boolean wasActive = state.active().contains(a);
    state = state.minus(a);
    modes.forget(a);
    if (wasActive && state.active().isEmpty() && !state.adapters().isEmpty()) {
      String next = new TreeSet<>(state.adapters().keySet()).getFirst();
      LOG.warn("adapter '{}' was active and is deleted; '{}' is active now", name, next);
      activate(List.of(next), true);
    }
  }

  synchronized void rename(String name, String newName) {
    AttachedAdapter a = adapter(name);
    requireFree(newName);
    a.rename(newName);
    state = state.renamed(a, newName);
  }

  synchronized void activate(List<String> names, boolean trainable) {
    List<AttachedAdapter> active = adapters(names);
    if (!state.merged().adapters().isEmpty()) {
      LOG.warn(
          "adapters {} are merged: they are unmerged, since others become active",
          state.merged().names());
    }
    state = state.with(active, state.merged().none());
    state.adapters().values().forEach(a -> a.setTrainable(trainable && active.contains(a)));
  }

  /** Takes all adapters off: the base is an ordinary model again. */
  synchronized void detach() {
    base.leave(this);
    base.restore();
    state = AdapterState.empty(state.merged().none());
    unloaded = true;
  }

  // ---- looking

  /** Returns whether no other adapted model shares anything of the base. */
  boolean isAlone() {
    return base.parameters().stream().allMatch(p -> p.parameter().sources().size() < 2);
  }

  void requireUnmerged(AttachedAdapter a, String what) {
    if (state.merged().adapters().contains(a)) {
      throw new IllegalStateException(
          "adapter '"
              + a.name()
              + "' is merged; unmerge() it before it is "
              + what
              + (what.equals("saved") ? ", or write the merged model with saveMerged(path)" : ""));
    }
  }

  List<AttachedAdapter> adapters(Collection<String> names) {
    return names.stream().map(this::adapter).toList();
  }

  AttachedAdapter adapter(String name) {
    SequencedMap<String, AttachedAdapter> all = state.adapters();
    AttachedAdapter a = all.get(name);
    if (a == null) {
      throw new IllegalArgumentException(
          "no adapter named '" + name + "'; there are " + all.keySet());
    }
    return a;
  }
}
