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
import java.util.Set;
import java.util.regex.Pattern;

/** The adapters of a set as files, in peft's layout. */
final class AdapterFiles {
  private static final Pattern WRAPPED = Pattern.compile("\\.(base_layer|original_module)\\.");

  private final AdapterRegistry set;

  AdapterFiles(AdapterRegistry set) {
    this.set = set;
  }

  void write(Path folder, AttachedAdapter a) throws IOException {
    PeftConfig settings =
        a.config().withTargets(SavedTargets.of(a, set.base())).saved(a.layers().keySet());
    ObjectNode tree = a.tuner().write(settings);
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
   * With {@code bias = all} peft takes every key that ends in ".bias", so that those of modules to
   * save come into the file twice more; it takes the adapter's name out of a key only before the
   * last part. Written as peft does, and passed over when read.
   */
  private static SequencedMap<String, Parameter> twice(AttachedAdapter a) {
    SequencedMap<String, Parameter> found = new LinkedHashMap<>();
    if (a.config().bias() == Bias.ALL) {
      a.saved()
          .forEach(
              (path, module) -> {
                for (NamedParameter p : module.namedParameters()) {
                  Parameter copy = a.copyOf(p.parameter());
                  String above = AdapterNames.PREFIX + path;
                  if (copy != null && (above + "." + p.name()).endsWith(".bias")) {
                    String nameOfAdapter = p.name().contains(".") ? a.name() + "." : "";
                    found.put(above + ".modules_to_save." + nameOfAdapter + p.name(), copy);
                    found.put(above + ".original_module." + p.name(), p.parameter());
                  }
                }
              });
    }
    return found;
  }

  /** True for the keys of {@link #twice}, under whatever name the adapter was saved. */
  private static boolean isRepeated(AttachedAdapter a, String key) {
    return key.endsWith(".bias")
        && a.saved().keySet().stream()
            .map(path -> AdapterNames.PREFIX + path)
            .anyMatch(
                p ->
                    key.startsWith(p + ".modules_to_save.")
                        || key.startsWith(p + ".original_module."));
  }

  private Class<?> baseClass() {
    Module root = set.base().root();
    Class<?> c = root.getClass();
    return root instanceof PeftModel ? c.getSuperclass() : c;
  }

  /** Adds what lies in a folder; if it does not fit, nothing. */
  LoadReport add(Path folder, String name, Strictness strictness) throws IOException {
    Adapter file = AdapterFolder.read(folder);
    Tuner tuner =
        Tuner.of(file.config().peftType(Tuner.all().stream().map(Tuner::peftType).toList()));
    PeftConfig config = tuner.read(file.config());
    requireNumbers(file);
    file.config()
        .checked(
            () -> {
              tuner.requireSize(config, file.shapes());
              return config;
            });
    List<LoadReport> report = new ArrayList<>(1);
    set.addComplete(
        name,
        config,
        a -> {
          a.attachMatching("", set.base().root());
          Map<String, StoredTensor> weights = named(a, file.tensors());
          report.add(check(a, weights, file.weightsFile().toString(), strictness));
          a.replace(values(keys(a), weights));
          a.setTrainable(false);
        });
    return report.getFirst();
  }

  /**
   * Reads weights for an adapter that is attached, and makes sure that they fit and would compute
   * the same.
   */
  Map<Parameter, Storage> read(Path folder, AttachedAdapter a) throws IOException {
    Adapter file = AdapterFolder.read(folder);
    file.config().peftType(List.of(a.tuner().peftType()));
    PeftConfig settings = a.tuner().read(file.config());
    requireNumbers(file);
    Map<String, StoredTensor> weights = named(a, file.tensors());
    check(a, weights, file.weightsFile().toString(), Strictness.STRICT);
    a.layers().keySet().forEach(path -> a.tuner().requireSame(path, a.config(), settings));
    return values(keys(a), weights);
  }

  /** The values of an adapter's parameters from weights by the keys of its file. */
  Map<Parameter, Storage> values(AttachedAdapter a, Map<String, StoredTensor> given) {
    Map<String, StoredTensor> weights = named(a, given);
    check(a, weights, "the given weights", Strictness.STRICT);
    Map<String, StoredTensor> copies = new LinkedHashMap<>();
    weights.forEach(
        (key, t) -> {
          if (t.storage().dtype() != DType.FLOAT32) {
            throw new IllegalArgumentException(
                key + " holds " + t.storage().dtype() + ", expected FLOAT32");
          }
          copies.put(key, new StoredTensor(t.shape(), t.storage().copy()));
        });
    return values(keys(a), copies);
  }

  /**
   * The weights under the keys that the adapter has. Where another adapter of the same model had
   * targeted a layer, or saved it as a whole, peft calls a bias that this one trains {@code
   * base_layer.bias} or {@code original_module.bias}; and it saves biases of layers that only the
   * other one had, and weights of adapted embeddings, which are the base's.
   */
  private SequencedMap<String, StoredTensor> named(
      AttachedAdapter a, Map<String, StoredTensor> weights) {
    Set<String> expected = keys(a).keySet();
    SequencedMap<String, StoredTensor> named = new LinkedHashMap<>();
    weights.forEach(
        (key, t) -> {
          String plain = WRAPPED.matcher(key).replaceFirst(".");
          boolean alias =
              !expected.contains(key) && expected.contains(plain) && !weights.containsKey(plain);
          if (expected.contains(key) || alias || plain.equals(key) || !isBaseValue(plain, t)) {
            named.put(alias ? plain : key, t);
          }
        });
    return named;
  }

  /**
   * True for the parameters of a layer that shares another's adapter, which peft saves once more.
   */
  private static boolean isTied(AttachedAdapter a, String key) {
    return a.tied().keySet().stream()
        .anyMatch(path -> key.startsWith(AdapterNames.PREFIX + path + ".lora_"));
  }

  private boolean isBaseValue(String key, StoredTensor t) {
    for (NamedParameter p : set.base().parameters()) {
      if (key.equals(AdapterNames.PREFIX + p.name())) {
        Storage value = p.parameter().own();
        return t.shape().equals(p.parameter().shape()) && t.storage().equalBytes(value);
      }
    }
    return false;
  }

  /** Every key with its shape and no other. */
  private LoadReport check(
      AttachedAdapter a, Map<String, StoredTensor> weights, String from, Strictness strictness) {
    SequencedMap<String, Shape> expected = new LinkedHashMap<>();
    keys(a).forEach((key, p) -> expected.put(key, p.shape()));
    SequencedMap<String, Shape> found = new LinkedHashMap<>();
    weights.forEach((key, t) -> found.put(key, t.shape()));
    found.keySet().removeIf(key -> isRepeated(a, key) || isTied(a, key));
    StateDictCheck check = StateDictCheck.compare(expected, found);
    if (strictness == Strictness.STRICT) {
      check.require(from);
    } else {
      check.requireShapes(from);
    }
    return new LoadReport(check.missing(), check.unexpected());
  }

  private static void requireNumbers(Adapter file) throws FileFormatException {
    for (var t : file.tensors().entrySet()) {
      DType found = t.getValue().storage().dtype();
      if (found != DType.FLOAT32) {
        throw new FileFormatException(
            file.weightsFile(),
            t.getKey() + " holds " + found + ", expected floating-point numbers");
      }
    }
  }

  private static Map<Parameter, Storage> values(
      Map<String, Parameter> keys, Map<String, StoredTensor> weights) {
    Map<Parameter, Storage> values = new LinkedHashMap<>();
    keys.forEach(
        (key, p) -> {
          StoredTensor t = weights.get(key);
          if (t != null) {
            values.put(p, t.storage());
          }
        });
    return values;
  }

  /**
   * An adapter's parameters by the keys of its file, which are the same whatever other adapters the
   * model has.
   */
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
