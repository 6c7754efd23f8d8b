package dev.peft4j.tuner;

import dev.peft4j.data.Storage;
import dev.peft4j.graph.VariableGroup;
import dev.peft4j.io.Adapter;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.io.WeightsFile;
import dev.peft4j.nn.ModuleState;
import dev.peft4j.nn.ModuleTensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/** The files of a model's adapters and of their base. */
final class AdapterStore implements StoresAdapters {
  private final AdapterRegistry registry;

  AdapterStore(AdapterRegistry registry) {
    this.registry = registry;
  }

  private AdapterFiles files() {
    return new AdapterFiles(registry.base());
  }

  @Override
  public LoadReport addFrom(Path folder, String name, Strictness strictness) {
    registry.requireFree(name);
    try {
      Adapter file = AdapterFolder.read(folder);
      Settings<?> settings = AdapterFiles.settings(file);
      List<LoadReport> report = new ArrayList<>(1);
      registry.publish(
          () -> {
            AttachedAdapter a = files().attached(registry.start(name, settings.config()), file);
            report.add(files().fill(a, file, strictness));
            return a;
          });
      return report.getFirst();
    } catch (IOException e) {
      registry.leaveIfEmpty();
      throw unchecked(e);
    } catch (RuntimeException e) {
      registry.leaveIfEmpty();
      throw e;
    }
  }

  @Override
  public void save(Path folder, String name) {
    save(folder, List.of(name));
  }

  void save(Path folder, List<String> names) {
    List<AttachedAdapter> wanted = registry.adapters(names);
    wanted.forEach(a -> registry.requireUnmerged(a, "saved"));
    VariableGroup.pinned( // of one moment, though others may train meanwhile
        () -> {
          try {
            for (AttachedAdapter a : wanted) {
              files().write(folder, a);
            }
            return true;
          } catch (IOException e) {
            throw unchecked(e);
          }
        });
  }

  @Override
  public void load(Path folder, String name) {
    load(folder, List.of(name));
  }

  void load(Path folder, List<String> names) {
    Map<AttachedAdapter, Map<ModuleTensor, Storage>> read = new LinkedHashMap<>();
    for (AttachedAdapter a : registry.adapters(names)) {
      read.put(a, swapped(a, AdapterFolder.locate(folder, a.name())));
    }
    AttachedAdapter.replaceAll(read.values());
  }

  @Override
  public void hotSwap(String name, Path folder) {
    AttachedAdapter a = registry.adapter(name);
    a.replace(swapped(a, folder));
  }

  @Override
  public void hotSwap(String name, Map<String, StoredTensor> weights) {
    AttachedAdapter a = registry.adapter(name);
    registry.requireUnmerged(a, "swapped");
    a.replace(files().values(a, weights));
  }

  /** Every adapter; without any, the model that is left. */
  void saveAll(Path folder) {
    if (registry.state().adapters().isEmpty()) {
      if (!registry.isUnloaded()) {
        throw new IllegalStateException(
            "save: there is no adapter on this "
                + registry.base().root().getClass().getSimpleName()
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
    save(folder, List.copyOf(registry.state().adapters().keySet()));
  }

  /** Every adapter, or the base, whatever there is. */
  void loadAll(Path path) {
    if (registry.state().adapters().isEmpty()) {
      loadBase(path);
    } else if (WeightsFile.isThere(path)) {
      try {
        SequencedMap<String, StoredTensor> tensors = WeightsFile.read(path);
        (isWhole(tensors) ? all() : ModuleState.of(registry.base().root()))
            .load(path.toString(), tensors);
      } catch (IOException e) {
        throw unchecked(e);
      }
    } else {
      load(path, List.copyOf(registry.state().adapters().keySet()));
    }
  }

  void load(Map<String, Storage> values) {
    if (registry.state().adapters().isEmpty() || !isWhole(values)) {
      loadBase(values);
    } else {
      all().loadFlat("the state dict of base and adapters", values);
    }
  }

  /** Whether names are those of base and adapters, not of the base or an adapter alone. */
  private boolean isWhole(Map<String, ?> values) {
    String prefix = registry.state().adapters().firstEntry().getValue().tuner().basePrefix();
    Set<String> ofBase = new HashSet<>();
    AdapterNames.of(registry.base().root(), registry.state().adapters().values()).stream()
        .filter(n -> n.adapter() == null)
        .forEach(n -> ofBase.add(n.name()));
    return values.keySet().stream().anyMatch(k -> k.startsWith(prefix) && ofBase.contains(k));
  }

  private ModuleState all() {
    SequencedMap<String, ModuleTensor> all = new LinkedHashMap<>();
    AdapterNames.of(registry.base().root(), registry.state().adapters().values())
        .forEach(n -> all.put(n.name(), n.parameter()));
    AdapterNames.buffers(registry.base(), registry.state().adapters().values())
        .forEach(n -> all.put(n.name(), n.buffer()));
    return ModuleState.of(all);
  }

  // ---- the base

  @Override
  public void loadBase(Path path) {
    ModuleState.of(registry.base().root()).read(path);
  }

  @Override
  public void loadBase(Map<String, Storage> values) {
    ModuleState.of(registry.base().root()).loadFlat("the base's state dict", values);
  }

  @Override
  public void saveBase(Path path) {
    ModuleState.of(registry.base().root()).write(path, Map.of());
  }

  private Map<ModuleTensor, Storage> swapped(AttachedAdapter a, Path folder) {
    registry.requireUnmerged(a, "loaded");
    try {
      return files().read(folder, a, registry::forModel);
    } catch (IOException e) {
      throw unchecked(e);
    }
  }

  private static UncheckedIOException unchecked(IOException e) {
    return new UncheckedIOException(e.getMessage(), e);
  }
}
