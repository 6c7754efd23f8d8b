package dev.peft4j.tuner;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.io.Adapter;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.ModelCard;
import dev.peft4j.io.StateDictCheck;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.Parameter;
import dev.peft4j.target.TargetSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** The adapters of a set as files, in peft's layout. */
final class AdapterFiles {
  private final AdapterSet set;

  AdapterFiles(AdapterSet set) {
    this.set = set;
  }

  void write(Path folder, AttachedAdapter a) throws IOException {
    ObjectNode tree = a.tuner().write(a.config().withTargets(namedTargets(a)));
    if (a.config().taskType() == null) {
      tree.putObject("auto_mapping")
          .put("base_model_class", baseClass().getSimpleName())
          .put("parent_library", baseClass().getPackageName());
    }
    SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();
    set.keys(a.name()).forEach((key, p) -> tensors.put(key, new StoredTensor(p.shape(), p.own())));
    AdapterConfig config = AdapterConfig.of(tree);
    AdapterFolder.write(folder, a.name(), config, tensors, ModelCard.of(config));
  }

  /** As peft, a file names the layers that all-linear stands for. */
  private TargetSpec namedTargets(AttachedAdapter a) {
    TargetSpec t = a.config().targets();
    if (!t.allLinear()) {
      return t;
    }
    String[] linear =
        set.root().namedModules().stream()
            .filter(m -> m.module() instanceof Linear && !set.isOutputHead(m.name()))
            .map(NamedModule::name)
            .toArray(String[]::new);
    TargetSpec.Builder b =
        TargetSpec.builder()
            .targets(linear)
            .modulesToSave(t.modulesToSave().toArray(new String[0]));
    return t.excludeRegex() != null
        ? b.excludeRegex(t.excludeRegex()).build()
        : b.exclude(t.exclude().toArray(new String[0])).build();
  }

  private Class<?> baseClass() {
    Module root = set.root();
    Class<?> c = root.getClass();
    return root instanceof PeftModel ? c.getSuperclass() : c;
  }

  /** Reads what was saved for an adapter that is attached, and makes sure that it fits. */
  Adapter read(Path folder, AttachedAdapter a) throws IOException {
    Adapter file = AdapterFolder.read(folder, a.name());
    file.config().peftType(List.of(a.tuner().peftType()));
    PeftConfig settings = a.tuner().read(file.config());
    requireFits(a, file);
    a.layers().keySet().forEach(path -> a.tuner().requireSame(path, a.config(), settings));
    return file;
  }

  /** Every key with its shape and no other, and numbers in each. */
  void requireFits(AttachedAdapter a, Adapter file) throws IOException {
    SequencedMap<String, Shape> expected = new LinkedHashMap<>();
    set.keys(a.name()).forEach((key, p) -> expected.put(key, p.shape()));
    StateDictCheck.compare(expected, file.shapes()).require(file.weightsFile().toString());
    for (var t : file.tensors().entrySet()) {
      DType found = t.getValue().storage().dtype();
      if (found != DType.FLOAT32) {
        throw new FileFormatException(
            file.weightsFile(),
            t.getKey() + " holds " + found + ", expected floating-point numbers");
      }
    }
  }

  /** Replaces the weights by those of a file that fits. */
  void replace(AttachedAdapter a, Adapter file) {
    set.keys(a.name())
        .forEach(
            (key, p) -> {
              StoredTensor t = file.tensors().get(key);
              if (t != null) {
                p.set(t.storage());
              }
            });
  }
}
