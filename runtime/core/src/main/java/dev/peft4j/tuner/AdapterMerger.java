package dev.peft4j.tuner;

import dev.peft4j.data.Storage;
import dev.peft4j.nn.ModuleState;
import dev.peft4j.nn.ModuleTensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The merging of a model's adapters. */
final class AdapterMerger implements MergesAdapters {
  private final AdapterRegistry registry;

  AdapterMerger(AdapterRegistry registry) {
    this.registry = registry;
  }

  @Override
  public void merge(String... names) {
    registry.update(
        state -> {
          MergedWeights merged = state.merged();
          for (AttachedAdapter a : registry.adapters(List.of(names))) {
            if (merged.adapters().contains(a)) {
              throw new IllegalStateException(
                  "adapter '" + a.name() + "' is merged already; unmerge() it first");
            }
            merged = merged.plus(a);
          }
          return state.with(state.active(), merged);
        });
  }

  @Override
  public void unmerge(String... names) {
    registry.update(
        state -> {
          List<AttachedAdapter> left = new ArrayList<>(state.merged().adapters());
          for (AttachedAdapter a : registry.adapters(List.of(names))) {
            if (!left.remove(a)) {
              throw new IllegalStateException(
                  "adapter '" + a.name() + "' is not merged; merge() it first");
            }
          }
          return state.with(state.active(), state.merged().only(left));
        });
  }

  @Override
  public boolean isMerged(String name) {
    return registry.state().merged().adapters().contains(registry.adapter(name));
  }

  @Override
  public List<String> merged() {
    return registry.state().merged().names();
  }

  @Override
  public void mergeAndUnload(String... names) {
    synchronized (registry) {
      Map<ModuleTensor, Storage> values = merging(names);
      registry.base().write(values, registry);
      registry.detach();
    }
  }

  /** The values that the base would have with adapters merged after those that are already. */
  private Map<ModuleTensor, Storage> merging(String... names) {
    AdapterState state = registry.state();
    List<AttachedAdapter> all = new ArrayList<>(state.merged().adapters());
    List<AttachedAdapter> wanted =
        names.length == 0 ? state.active() : registry.adapters(List.of(names));
    wanted.stream().filter(a -> !all.contains(a)).forEach(all::add);
    new AdapterOverlay(all, state.merged()); // what cannot act together cannot be merged together
    return state.merged().only(all).forBase();
  }

  @Override
  public void saveMerged(Path path, String... names) {
    ModuleState.of(registry.base().root()).write(path, merging(names));
  }

  @Override
  public void unload() {
    synchronized (registry) {
      registry.base().write(registry.state().merged().forBase(), registry);
      registry.detach();
    }
  }
}
