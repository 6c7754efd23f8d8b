package dev.peft4j.tuner;

import dev.peft4j.data.Storage;
import dev.peft4j.graph.VariableGroup;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.io.WeightsFile;
import dev.peft4j.nn.ModuleState;
import dev.peft4j.nn.ModuleTensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/** Adapters in and out of folders in peft's layout. */
public abstract sealed class AdapterStore extends AdapterRegistry permits AdapterMerging {
  private final AdapterFiles files = new AdapterFiles(this);

  AdapterStore(BaseModel base) {
    super(base);
  }

  /**
   * Adds an adapter that was saved, here or by peft: peft's {@code load_adapter}. It is frozen, and
   * not active unless it is the first. If anything does not fit, nothing is added.
   *
   * @param folder where its {@code adapter_config.json} lies
   * @throws UncheckedIOException if the files are missing or broken
   * @throws dev.peft4j.io.StateDictException listing all missing and mis-shaped keys; what the
   *     adapter has no use for is a warning if nothing else is wrong
   */
  public void addFrom(Path folder, String name) {
    addFrom(folder, name, Strictness.STRICT);
  }

  /**
   * As {@link #addFrom(Path, String)}; what is missing keeps its first values and what is
   * unexpected is ignored if lenient.
   */
  public LoadReport addFrom(Path folder, String name, Strictness strictness) {
    requireFree(name);
    try {
      return files.add(folder, name, strictness);
    } catch (IOException e) {
      leaveIfEmpty();
      throw unchecked(e);
    } catch (RuntimeException e) {
      leaveIfEmpty();
      throw e;
    }
  }

  /**
   * Saves an adapter as peft does; all files replace the old ones as one, also if the process is
   * killed meanwhile.
   *
   * @param folder where {@code default} goes; others go to a folder of their name in it
   * @throws UncheckedIOException if it cannot be written, naming the folder and the reason
   * @throws IllegalStateException if it is merged
   * @throws ArithmeticException if a weight is not finite, naming it; nothing is written
   */
  public void save(Path folder, String name) {
    save(folder, List.of(name));
  }

  void save(Path folder, List<String> names) {
    List<AttachedAdapter> wanted = adapters(names);
    wanted.forEach(a -> requireUnmerged(a, "saved"));
    VariableGroup.pinned( // of one moment, though others may train meanwhile
        () -> {
          try {
            for (AttachedAdapter a : wanted) {
              files.write(folder, a);
            }
            return true;
          } catch (IOException e) {
            throw unchecked(e);
          }
        });
  }

  /**
   * Replaces the weights of an adapter by those that were saved under its name, as {@link #hotSwap}
   * does.
   *
   * @param folder as for {@link #save}
   * @throws UncheckedIOException if the files are missing or broken
   * @throws dev.peft4j.io.StateDictException listing all missing, unexpected and mis-shaped keys
   * @throws IllegalArgumentException if the file's settings would make another model of the same
   *     weights
   * @throws IllegalStateException if the adapter is merged
   */
  public void load(Path folder, String name) {
    load(folder, List.of(name));
  }

  void load(Path folder, List<String> names) {
    Map<AttachedAdapter, Map<ModuleTensor, Storage>> read = new LinkedHashMap<>();
    for (AttachedAdapter a : adapters(names)) {
      read.put(a, swapped(a, AdapterFolder.locate(folder, a.name())));
    }
    AttachedAdapter.replaceAll(read.values());
  }

  /**
   * Replaces the weights of an adapter while others may be calling the model: peft's {@code
   * hotswap_adapter}. No program is compiled anew, and each call computes with the old weights or
   * with the new ones, never with some of both: with those that were there when its first layer was
   * called. A call that reads results before it ends should be a {@link PeftModel#call}.
   *
   * @param folder where the {@code adapter_config.json} of the new weights lies
   * @throws UncheckedIOException if the files are missing or broken
   * @throws dev.peft4j.io.StateDictException listing all missing, unexpected and mis-shaped keys
   * @throws IllegalArgumentException if the file's settings would make another model of the same
   *     weights
   * @throws IllegalStateException if the adapter is merged
   */
  public void hotSwap(String name, Path folder) {
    AttachedAdapter a = adapter(name);
    a.replace(swapped(a, folder));
  }

  /** As {@link #hotSwap(String, Path)}, with weights by the keys of peft's files. */
  public void hotSwap(String name, Map<String, StoredTensor> weights) {
    AttachedAdapter a = adapter(name);
    requireUnmerged(a, "swapped");
    a.replace(files.values(a, weights));
  }

  /** Every adapter; without any, the model that is left. */
  void saveAll(Path folder) {
    if (state.adapters().isEmpty()) {
      if (!unloaded) {
        throw new IllegalStateException(
            "save: there is no adapter on this "
                + root().getClass().getSimpleName()
                + "; add one, or save the model itself with saveBase(path)");
      }
      saveBase(folder);
      return;
    }
    if (WeightsFile.isFile(folder)) {
      throw new IllegalArgumentException(
          folder
              + ": save writes adapters, which are folders, and this is the name of a file; for one"
              + " file with the merged model there is saveMerged(path), for the base alone"
              + " saveBase(path)");
    }
    save(folder, List.copyOf(state.adapters().keySet()));
  }

  /** Every adapter, or the base, whatever there is. */
  void loadAll(Path path) {
    if (state.adapters().isEmpty()) {
      loadBase(path);
    } else if (WeightsFile.isThere(path)) {
      try {
        SequencedMap<String, StoredTensor> tensors = WeightsFile.read(path);
        (isWhole(tensors) ? all() : ModuleState.of(root())).load(path.toString(), tensors);
      } catch (IOException e) {
        throw unchecked(e);
      }
    } else {
      load(path, List.copyOf(state.adapters().keySet()));
    }
  }

  void load(Map<String, Storage> values) {
    if (state.adapters().isEmpty() || !isWhole(values)) {
      loadBase(values);
    } else {
      all().loadFlat("the state dict of base and adapters", values);
    }
  }

  /** Whether names are those of base and adapters, not of the base or an adapter alone. */
  private boolean isWhole(Map<String, ?> values) {
    Set<String> ofBase = new HashSet<>();
    AdapterNames.of(root(), state.adapters().values()).stream()
        .filter(n -> n.adapter() == null)
        .forEach(n -> ofBase.add(n.name()));
    return values.keySet().stream()
        .anyMatch(k -> k.startsWith(AdapterNames.PREFIX) && ofBase.contains(k));
  }

  private ModuleState all() {
    SequencedMap<String, ModuleTensor> all = new LinkedHashMap<>();
    AdapterNames.of(root(), state.adapters().values())
        .forEach(n -> all.put(n.name(), n.parameter()));
    AdapterNames.buffers(base(), state.adapters().values())
        .forEach(n -> all.put(n.name(), n.buffer()));
    return ModuleState.of(all);
  }

  // ---- the base

  /**
   * Replaces the weights of the base, under their plain names ({@code linear.weight}), as if the
   * base had been loaded before adapters were attached: adapters that nothing has trained or loaded
   * yet start anew from the new weights. Others keep their weights.
   *
   * @param path a safetensors file, or a folder with {@code model.safetensors} or with several
   *     files and their index
   * @throws dev.peft4j.io.StateDictException if a tensor is missing, unexpected or has another
   *     shape; nothing is changed
   * @throws UncheckedIOException if there is no such file, or it is broken
   * @throws IllegalStateException while an adapter of this base is merged
   */
  public void loadBase(Path path) {
    ModuleState.of(root()).read(path);
  }

  /** As {@link #loadBase(Path)}, with values that are there already. */
  public void loadBase(Map<String, Storage> values) {
    ModuleState.of(root()).loadFlat("the base's state dict", values);
  }

  /**
   * Saves the base alone, under its plain names: what {@link dev.peft4j.nn.Module#save} writes for
   * a model without adapters.
   *
   * @param path a file whose name ends in {@code .safetensors}, or a folder for {@code
   *     model.safetensors}
   * @throws ArithmeticException if a value is not finite, naming it; nothing is written
   * @throws UncheckedIOException if it cannot be written, or the folder has an adapter
   */
  public void saveBase(Path path) {
    ModuleState.of(root()).write(path, Map.of());
  }

  private Map<ModuleTensor, Storage> swapped(AttachedAdapter a, Path folder) {
    requireUnmerged(a, "loaded");
    try {
      return files.read(folder, a);
    } catch (IOException e) {
      throw unchecked(e);
    }
  }

  private static UncheckedIOException unchecked(IOException e) {
    return new UncheckedIOException(e.getMessage(), e);
  }
}
