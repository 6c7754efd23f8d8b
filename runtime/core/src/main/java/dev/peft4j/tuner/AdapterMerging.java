package dev.peft4j.tuner;

import dev.peft4j.data.Storage;
import dev.peft4j.nn.ModuleState;
import dev.peft4j.nn.ModuleTensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Merging of adapters into weights, beside the base or into it. */
public abstract sealed class AdapterMerging extends AdapterStore permits AdapterSet {
  AdapterMerging(BaseModel base) {
    super(base);
  }

  /**
   * Merges adapters into weights that stand for the base's: results stay the same, each call is
   * cheaper. While any are merged, they are the ones that act on calls that choose none, as in
   * peft. The base itself does not change. A call that chooses other adapters gets those.
   *
   * @throws IllegalStateException if one is merged already
   * @throws ArithmeticException if a merged weight would not be finite; nothing is changed
   */
  public synchronized void merge(String... names) {
    MergedWeights merged = state.merged();
    for (AttachedAdapter a : adapters(List.of(names))) {
      if (merged.adapters().contains(a)) {
        throw new IllegalStateException(
            "adapter '" + a.name() + "' is merged already; unmerge() it first");
      }
      merged = merged.plus(a);
    }
    state = state.with(state.active(), merged);
  }

  /**
   * Undoes {@link #merge}: what is computed is bit by bit what it would be if the adapters had
   * never been merged.
   *
   * @throws IllegalStateException if one is not merged
   */
  public synchronized void unmerge(String... names) {
    List<AttachedAdapter> left = new ArrayList<>(state.merged().adapters());
    for (AttachedAdapter a : adapters(List.of(names))) {
      if (!left.remove(a)) {
        throw new IllegalStateException(
            "adapter '" + a.name() + "' is not merged; merge() it first");
      }
    }
    state = state.with(state.active(), MergedWeights.of(this, left));
  }

  /** True while the adapter is merged. */
  public boolean isMerged(String name) {
    return state.merged().adapters().contains(adapter(name));
  }

  /** The adapters that are merged, in the order they were. */
  public List<String> merged() {
    return state.merged().names();
  }

  /**
   * Writes adapters, after those that are merged already, into the base weights for good and
   * detaches all.
   *
   * @param names none for the active ones
   * @throws ArithmeticException if a weight would not be finite; nothing is changed
   * @throws IllegalStateException if another adapted model shares the base, or a weight is shared
   *     by layers that are adapted differently; nothing is changed
   */
  public synchronized void mergeAndUnload(String... names) {
    Map<ModuleTensor, Storage> values = merging(names);
    base().write(values, this);
    detach();
  }

  /** The values that the base would have with adapters merged after those that are already. */
  private Map<ModuleTensor, Storage> merging(String... names) {
    List<AttachedAdapter> all = new ArrayList<>(state.merged().adapters());
    List<AttachedAdapter> wanted = names.length == 0 ? state.active() : adapters(List.of(names));
    wanted.stream().filter(a -> !all.contains(a)).forEach(all::add);
    new Acting(all, state.merged()); // adapters that cannot act together cannot be merged together
    return MergedWeights.of(this, all).forBase();
  }

  /**
   * Saves the model with adapters merged into its weights, under the base's plain names: what the
   * base itself would save after {@link #mergeAndUnload}. Neither the base nor the adapters change,
   * and others may share the base.
   *
   * @param path a file whose name ends in {@code .safetensors}, or a folder for {@code
   *     model.safetensors}
   * @param names none for the active ones
   * @throws ArithmeticException if a merged weight is not finite; nothing is written
   * @throws IllegalStateException if a weight is shared by layers that are adapted differently
   * @throws java.io.UncheckedIOException if it cannot be written, or the folder has an adapter
   */
  public void saveMerged(Path path, String... names) {
    ModuleState.of(root()).write(path, merging(names));
  }

  /**
   * Detaches every adapter. The base is an ordinary model again, as trainable as it was; it keeps
   * what is merged.
   */
  public synchronized void unload() {
    base().write(state.merged().forBase(), this);
    detach();
  }

  private void detach() {
    base().leave(this);
    base().restore();
    state = AdapterState.empty(this);
    unloaded = true;
  }
}
