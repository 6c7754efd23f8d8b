package dev.peft4j.tuner;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.annotation.Bias;
import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.io.Adapter;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.ModelCard;
import dev.peft4j.io.StateDictCheck;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/** The adapters of a set as files, in peft's layout. */
final class AdapterFiles {
  private final AdapterRegistry set;

  AdapterFiles(AdapterRegistry set) {
    this.set = set;
  }

  void write(Path folder, AttachedAdapter a) throws IOException {
    ObjectNode tree = a.tuner().write(a.config().withTargets(SavedTargets.of(a, set.base())));
    if (a.config().taskType() == null) {
      tree.putObject("auto_mapping")
          .put("base_model_class", baseClass().getSimpleName())
          .put("parent_library", baseClass().getPackageName());
    }
    SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();
    keys(a).forEach((key, p) -> tensors.put(key, new StoredTensor(p.shape(), p.own())));
    twice(a).forEach((key, p) -> tensors.put(key, new StoredTensor(p.shape(), p.own())));
    AdapterConfig config = AdapterConfig.of(tree);
    AdapterFolder.write(folder, a.name(), config, tensors, ModelCard.of(config));
  }

  /**
   * With {@code bias = all} peft takes every key with "bias" in it, so that those of modules to save come into the file
   * twice more. Written as peft does, and passed over when read.
   */
  private static SequencedMap<String, Parameter> twice(AttachedAdapter a) {
    SequencedMap<String, Parameter> found = new LinkedHashMap<>();
    if (a.config().bias() == Bias.ALL) {
      a.saved().forEach(
          (path, module) -> {
            for (NamedParameter p : module.namedParameters()) {
              Parameter copy = a.copyOf(p.parameter());
              String above = AdapterNames.PREFIX + path;
              if (copy != null && (above + "." + p.name()).contains("bias")) {
                found.put(above + ".modules_to_save." + p.name(), copy);
                found.put(above + ".original_module." + p.name(), p.parameter());
              }
            }
          });
    }
    return found;
  }

  private Class<?> baseClass() {
    Module root = set.base().root();
    Class<?> c = root.getClass();
    return root instanceof PeftModel ? c.getSuperclass() : c;
  }

  /** Adds what lies in a folder; if it does not fit, nothing. */
  LoadReport add(Path folder, String name, Strictness strictness) throws IOException {
    Adapter file = AdapterFolder.read(folder);
    Tuner tuner = Tuner.of(file.config().peftType(Tuner.all().stream().map(Tuner::peftType).toList()));
    PeftConfig config = tuner.read(file.config());
    requireNumbers(file);
    List<LoadReport> report = new ArrayList<>(1);
    set.addComplete(name, config, a -> {
      a.attachMatching("", set.base().root());
      report.add(check(a, file.tensors(), file.weightsFile().toString(), strictness));
      a.replace(values(keys(a), file.tensors()));
      a.setTrainable(false);
    });
    return report.getFirst();
  }

  /** Reads weights for an adapter that is attached, and makes sure that they fit and would compute the same. */
  Map<Parameter, Storage> read(Path folder, AttachedAdapter a) throws IOException {
    Adapter file = AdapterFolder.read(folder);
    file.config().peftType(List.of(a.tuner().peftType()));
    PeftConfig settings = a.tuner().read(file.config());
    requireNumbers(file);
    check(a, file.tensors(), file.weightsFile().toString(), Strictness.STRICT);
    a.layers().keySet().forEach(path -> a.tuner().requireSame(path, a.config(), settings));
    return values(keys(a), file.tensors());
  }

  /** The values of an adapter's parameters from weights by the keys of its file. */
  Map<Parameter, Storage> values(AttachedAdapter a, Map<String, StoredTensor> weights) {
    check(a, weights, "the given weights", Strictness.STRICT);
    Map<String, StoredTensor> copies = new LinkedHashMap<>();
    weights.forEach((key, t) -> {
      if (t.storage().dtype() != DType.FLOAT32) {
        throw new IllegalArgumentException(key + " holds " + t.storage().dtype() + ", expected FLOAT32");
      }
      copies.put(key, new StoredTensor(t.shape(), t.storage().copy()));
    });
    return values(keys(a), copies);
  }

  /** Every key with its shape and no other. */
  private LoadReport check(AttachedAdapter a, Map<String, StoredTensor> weights, String from, Strictness strictness) {
    SequencedMap<String, Shape> expected = new LinkedHashMap<>();
    keys(a).forEach((key, p) -> expected.put(key, p.shape()));
    SequencedMap<String, Shape> found = new LinkedHashMap<>();
    weights.forEach((key, t) -> {
      if (expected.containsKey(key) || !isSaidElsewhere(a, key, t)) {
        found.put(key, t.shape());
      }
    });
    twice(a).keySet().forEach(found::remove);
    StateDictCheck check = StateDictCheck.compare(expected, found);
    if (strictness == Strictness.STRICT) {
      check.require(from);
    } else {
      check.requireShapes(from);
    }
    return new LoadReport(check.missing(), check.unexpected());
  }

  /**
   * peft also saves the parameters of layers that share an adapter once more for each, and the weights of adapted embeddings
   * though they are the base's.
   */
  private boolean isSaidElsewhere(AttachedAdapter a, String key, StoredTensor t) {
    if (a.tied().keySet().stream().anyMatch(path -> key.startsWith(AdapterNames.PREFIX + path + ".lora_"))) {
      return true;
    }
    for (NamedParameter p : set.base().parameters()) {
      String own = p.name().substring(p.name().lastIndexOf('.') + 1);
      String path = p.name().substring(0, Math.max(0, p.name().length() - own.length() - 1));
      if (key.equals(AdapterNames.PREFIX + path + ".base_layer." + own)) {
        return t.shape().equals(p.parameter().shape()) && t.storage().equalBytes(p.parameter().own());
      }
    }
    return false;
  }

  private static void requireNumbers(Adapter file) throws FileFormatException {
    for (var t : file.tensors().entrySet()) {
      DType found = t.getValue().storage().dtype();
      if (found != DType.FLOAT32) {
        throw new FileFormatException(
            file.weightsFile(), t.getKey() + " holds " + found + ", expected floating-point numbers");
      }
    }
  }

  private static Map<Parameter, Storage> values(Map<String, Parameter> keys, Map<String, StoredTensor> weights) {
    Map<Parameter, Storage> values = new LinkedHashMap<>();
    keys.forEach((key, p) -> {
      StoredTensor t = weights.get(key);
      if (t != null) {
        values.put(p, t.storage());
      }
    });
    return values;
  }

  /** An adapter's parameters by the keys of its file, which are the same whatever other adapters the model has. */
  private SequencedMap<String, Parameter> keys(AttachedAdapter a) {
    SequencedMap<String, Parameter> keys = new LinkedHashMap<>();
    for (AdapterNames.Named n : AdapterNames.of(set.base().root(), List.of(a))) {
      if (n.adapter() != null && n.key() != null) {
        keys.put(n.key(), n.parameter());
      }
    }
    return keys;
  }
}
