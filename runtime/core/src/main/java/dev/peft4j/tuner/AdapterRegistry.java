package dev.peft4j.tuner;

import dev.peft4j.annotation.Bias;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.nn.HasModelType;
import dev.peft4j.nn.Modes;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Overlay;
import dev.peft4j.nn.OverlaySource;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Which adapters there are on a base, and how they come and go. What changes is in one state, which
 * is replaced as a whole.
 */
abstract class AdapterRegistry implements OverlaySource {
  private final BaseModel base;
  private final Modes modes = new Modes();
  volatile AdapterState state = AdapterState.empty(this);

  /** Whether the base was given back by {@code unload} or {@code mergeAndUnload}. */
  volatile boolean unloaded;

  AdapterRegistry(BaseModel base) {
    this.base = base;
  }

  abstract Module root();

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
    state.adapters().values().forEach(AttachedAdapter::baseChanged);
  }

  /** Adds an adapter that no call sees before {@code attach} has made it complete. */
  synchronized void addComplete(String name, PeftConfig config, Consumer<AttachedAdapter> attach) {
    try {
      AttachedAdapter adapter = newAdapter(name, forModel(Settings.of(config)));
      attach.accept(adapter);
      publish(adapter);
    } catch (RuntimeException e) {
      leaveIfEmpty();
      throw e;
    }
  }

  /** The settings with the targets that peft has for a model of this kind, if they name none. */
  Settings<?> forModel(Settings<?> settings) {
    return root() instanceof HasModelType m ? settings.forModel(m.modelType()) : settings;
  }

  AttachedAdapter newAdapter(String name, Settings<?> settings) {
    requireFree(name);
    PeftConfig config = settings.config();
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
    AttachedAdapter adapter = new AttachedAdapter(this, name, settings);
    adapter.copyAllBiases();
    return adapter;
  }

  void publish(AttachedAdapter adapter) {
    base.join(this);
    unloaded = false;
    state = state.plus(adapter);
  }

  void requireFree(String name) {
    AdapterFolder.locate(Path.of(""), name);
    if (name.equals(AdapterSet.BASE)) {
      throw new IllegalArgumentException(
          "'" + AdapterSet.BASE + "' stands for the base model, an adapter needs another name");
    }
    if (state.adapters().containsKey(name)) {
      throw new IllegalArgumentException("there is an adapter named '" + name + "' already");
    }
  }

  /**
   * Takes an adapter off again that could not be attached as a whole; without any the base is what
   * it was.
   */
  synchronized void discard(String name) {
    AttachedAdapter failed = state.adapters().get(name);
    if (failed != null) {
      state = state.minus(failed);
      leaveIfEmpty();
    }
  }

  /** A base that got no adapter is what it was. */
  synchronized void leaveIfEmpty() {
    if (state.adapters().isEmpty()) {
      base.leave(this);
      base.restore();
    }
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

  /** True if no other adapted model shares anything of the base. */
  boolean isAlone() {
    return base.parameters().stream().allMatch(p -> p.parameter().sources().size() < 2);
  }

  BaseModel base() {
    return base;
  }

  boolean isActiveByDefault(AttachedAdapter a) {
    AdapterState s = state;
    return s.active().contains(a) || s.adapters().isEmpty();
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
