package dev.peft4j.tuner;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.annotation.Bias;
import dev.peft4j.data.DType;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.NonFiniteException;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.io.Adapter;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.ModelCard;
import dev.peft4j.io.Quote;
import dev.peft4j.io.StateDictCheck;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.log.Log;
import dev.peft4j.nn.ModuleTensor;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.target.SlowPatternException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The adapters of a model as files, in peft's layout. */
final class AdapterFiles {
  private static final Log LOG = Log.of(AdapterFiles.class);

  private final FrozenBase base;

  AdapterFiles(FrozenBase base) {
    this.base = base;
  }

  void write(Path folder, AttachedAdapter a) throws IOException {
    boolean whole = WholeAdapters.asked();
    Settings<?> own = a.settingsForFile();
    Settings<?> settings = whole ? own : own.trained(a.layers());
    ObjectNode tree =
        settings
            .withTargets(SavedTargets.of(a.settings(), base))
            .saved(a.layers().keySet())
            .write();
    if (a.config().taskType() == null) {
      tree.putObject("auto_mapping")
          .put("base_model_class", base.type().getSimpleName())
          .put("parent_library", base.type().getPackageName());
    }
    SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();
    keys(a).forEach((key, p) -> tensors.put(key, new StoredTensor(p.shape(), p.own())));
    if (!whole) {
      a.layers()
          .forEach(
              (path, layer) ->
                  layer.parameters().stream()
                      .filter(TunerLayer.Entry::saved)
                      .forEach(
                          e -> replace(tensors, PeftNames.key(path, layer, e), layer.stored(e))));
    }
    a.tied().forEach((path, layer) -> tensors.putAll(ofTied(path, layer)));
    a.layers()
        .forEach(
            (path, layer) -> {
              if (layer.isSavedWithBase()) {
                String above = PeftNames.PREFIX + path + "." + layer.baseName() + ".";
                base.module(path)
                    .ownParameters()
                    .forEach(
                        (name, p) ->
                            tensors.put(above + name, new StoredTensor(p.shape(), p.own())));
              }
            });
    twice(a).forEach((key, p) -> tensors.put(key, new StoredTensor(p.shape(), p.own())));
    AdapterConfig config = AdapterConfig.of(tree);
    SequencedMap<String, StoredTensor> stored = settings.stored(tensors);
    requireFinite(a, stored);
    AdapterFolder.write(
        folder, a.name(), config, stored, ModelCard.of(config, a.tuner().cardTags()));
  }

  private static void replace(
      Map<String, StoredTensor> tensors, String key, @Nullable StoredTensor stored) {
    if (stored == null) {
      tensors.remove(key);
    } else {
      tensors.replace(key, stored);
    }
  }

  private static SequencedMap<String, StoredTensor> ofTied(String path, TunerLayer layer) {
    SequencedMap<String, StoredTensor> found = new LinkedHashMap<>();
    if (layer.isSavedForTied()) {
      layer
          .parameters()
          .forEach(
              e ->
                  found.put(
                      PeftNames.key(path, layer, e), Objects.requireNonNull(layer.stored(e))));
    }
    return found;
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
                  String above = a.tuner().basePrefix() + path;
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

  private static void requireFinite(AttachedAdapter a, Map<String, StoredTensor> tensors) {
    tensors.forEach(
        (key, t) -> {
          String bad = NonFinite.in(t.storage(), t.shape());
          if (bad != null) {
            throw new NonFiniteException(
                "adapter '" + a.name() + "' is not saved: " + key + " has " + bad);
          }
        });
  }

  /** Reads the settings of an adapter. */
  static Settings<?> settings(Adapter file) throws IOException {
    Settings<?> settings = Settings.read(tuner(file), file.config()).forFile(file.tensors());
    return file.config().checked(() -> settings.requireSize(file.shapes()));
  }

  private static Tuner<?> tuner(Adapter file) throws IOException {
    try {
      return Tuner.of(file.config().get("peft_type").asText());
    } catch (IllegalArgumentException e) {
      // the file's error says more
    }
    List<String> known = Tuner.all().stream().map(Tuner::peftType).toList();
    return Tuner.of(file.config().peftType(known));
  }

  /** Attaches an adapter to what the settings in its file name. */
  AttachedAdapter attached(Attaching attaching, Adapter file) {
    try {
      attaching.attachMatching("", base.root());
      return attaching.complete();
    } catch (SlowPatternException e) {
      throw wrapped(
          new FileFormatException(file.config().file(), String.valueOf(e.getMessage()), e));
    } catch (IllegalArgumentException e) { // settings that do not go with this model
      throw new IllegalArgumentException(file.config().file() + ": " + e.getMessage(), e);
    }
  }

  /** Gives an adapter the values in its file; it is frozen then. */
  LoadReport fill(AttachedAdapter a, Adapter file, Strictness strictness) {
    String nothing = MatchCheck.warn(a, base.modules(), file.config().file());
    SequencedMap<String, ModuleTensor> keys = keys(a);
    FileKeys found = new FileKeys(a, base, keys.keySet()).sort(loaded(a, file));
    Map<String, StoredTensor> weights = found.weights();
    if (nothing != null) {
      check(a, keys, weights, nothing + "\n" + file.weightsFile(), strictness, false);
      throw new IllegalArgumentException(nothing);
    }
    leaveOutOptional(a, keys, weights);
    if (strictness == Strictness.STRICT) {
      leaveOutBiases(a, keys, weights, file.weightsFile());
    }
    LoadReport report = check(a, keys, weights, file.weightsFile().toString(), strictness, true);
    requireNumbers(file, keys, weights);
    a.replace(values(keys, weights));
    give(a, found, file.weightsFile());
    a.setTrainable(false);
    a.layers()
        .values()
        .forEach(
            layer -> {
              String problem = layer.problem();
              if (problem != null) {
                throw wrapped(new FileFormatException(file.folder(), problem));
              }
            });
    return report;
  }

  private static Map<String, StoredTensor> loaded(AttachedAdapter a, Adapter file) {
    try {
      return a.settings().loaded(file.tensors());
    } catch (IllegalArgumentException e) {
      throw wrapped(new FileFormatException(file.weightsFile(), String.valueOf(e.getMessage()), e));
    }
  }

  /** What a tuner need not find in a file keeps its first value; of parameters that is said. */
  private static void leaveOutOptional(
      AttachedAdapter a,
      SequencedMap<String, ModuleTensor> keys,
      Map<String, StoredTensor> weights) {
    a.layers()
        .forEach(
            (path, layer) -> {
              for (TunerLayer.Entry e : layer.parameters()) {
                String key = PeftNames.key(path, layer, e);
                if (layer.isOptional(e) && e.saved() && !weights.containsKey(key)) {
                  keys.remove(key);
                  LOG.warn("the file has no {}: it starts anew, as in peft", key);
                }
              }
              for (TunerLayer.Constant c : layer.constants()) {
                String key = PeftNames.key(path, c);
                if (c.optional() && !weights.containsKey(key)) {
                  keys.remove(key);
                }
              }
            });
  }

  /**
   * Biases of the base that the settings train and the file does not have stay the model's: some
   * releases of peft did not write them.
   */
  private void leaveOutBiases(
      AttachedAdapter a,
      SequencedMap<String, ModuleTensor> keys,
      Map<String, StoredTensor> weights,
      Path file) {
    List<String> absent = new ArrayList<>();
    for (AdapterNames.Named n : AdapterNames.of(base.root(), List.of(a))) {
      String key = n.key();
      if (n.ofBase() && key != null && !weights.containsKey(key)) {
        absent.add(key);
        keys.remove(key);
      }
    }
    if (!absent.isEmpty()) {
      LOG.warn(
          "{}: bias is {}, but {} of the base {} not there: the model's {} kept, as in peft",
          file,
          a.config().bias().configName(),
          Quote.list(absent, 10),
          absent.size() == 1 ? "is" : "are",
          absent.size() == 1 ? "is" : "are");
    }
  }

  /** Takes values of the base that the file has, as peft does. */
  private static void give(AttachedAdapter a, FileKeys found, Path file) {
    List<String> differ = new ArrayList<>();
    for (FileKeys.Given g : found.given()) {
      Parameter p = g.original().parameter();
      if (!g.value().shape().equals(p.shape())) {
        throw wrapped(
            new FileFormatException(
                file,
                g.key()
                    + " has the shape "
                    + g.value().shape()
                    + ", the model's "
                    + g.original().name()
                    + " "
                    + p.shape()));
      }
      Storage value = FileKeys.rounded(g.value().storage(), p.own().encoding());
      if (!FileKeys.isValueOf(p, g.value())) {
        differ.add(g.key());
      }
      if (a.keepsOfBase(p) || !value.equalBytes(p.own().copyAs(Encodings.FLOAT32))) {
        a.give(g.original(), g.key(), value);
      }
    }
    if (!differ.isEmpty()) {
      LOG.warn(
          "{}: {} {} of the base that {} not the model's: with this adapter the file's are used, as"
              + " in peft",
          file,
          Quote.list(differ, 10),
          differ.size() == 1 ? "is a weight" : "are weights",
          differ.size() == 1 ? "is" : "are");
    }
    if (!found.passedOver().isEmpty()) {
      LOG.warn(
          "{}: {} would replace weights of adapted layers, but peft looks for those under"
              + " base_layer: ignored",
          file,
          Quote.list(found.passedOver(), 10));
    }
  }

  private static UncheckedIOException wrapped(IOException e) {
    return new UncheckedIOException(e.getMessage(), e);
  }

  /**
   * Reads weights for an adapter that is attached, and makes sure that they fit and would compute
   * the same.
   *
   * @param complete gives settings what they leave to the kind of model
   */
  Map<ModuleTensor, Storage> read(
      Path folder, AttachedAdapter a, UnaryOperator<Settings<?>> complete) throws IOException {
    Adapter file = AdapterFolder.read(folder);
    file.config().peftType(List.of(a.tuner().peftType()));
    Settings<?> settings = complete.apply(Settings.read(a.tuner(), file.config()));
    SequencedMap<String, ModuleTensor> keys = keys(a);
    Map<String, StoredTensor> weights =
        sorted(a, keys, settings.loaded(file.tensors()), file.weightsFile().toString());
    check(a, keys, weights, file.weightsFile().toString(), Strictness.STRICT, false);
    requireNumbers(file, keys, weights);
    a.layers().keySet().forEach(path -> a.settings().requireSame(path, settings));
    return values(keys, weights);
  }

  /** The values of an adapter's parameters from weights by the keys of its file. */
  Map<ModuleTensor, Storage> values(AttachedAdapter a, Map<String, StoredTensor> given) {
    SequencedMap<String, ModuleTensor> keys = keys(a);
    Map<String, StoredTensor> weights = sorted(a, keys, given, "the given weights");
    check(a, keys, weights, "the given weights", Strictness.STRICT, false);
    Map<String, StoredTensor> copies = new LinkedHashMap<>();
    weights.forEach(
        (key, t) -> {
          ModuleTensor own = keys.get(key);
          DType expected = own == null ? DType.FLOAT32 : own.own().dtype();
          if (t.storage().dtype() != expected) {
            throw new IllegalArgumentException(
                key + " holds " + t.storage().dtype() + ", expected " + expected);
          }
          copies.put(key, new StoredTensor(t.shape(), t.storage().copy()));
        });
    return values(keys, copies);
  }

  /**
   * Weights for an adapter that is attached: the base's among them have to be the model's, since
   * they cannot take its place all at once with the others.
   */
  private Map<String, StoredTensor> sorted(
      AttachedAdapter a,
      SequencedMap<String, ModuleTensor> keys,
      Map<String, StoredTensor> weights,
      String from) {
    FileKeys found = new FileKeys(a, base, keys.keySet()).sort(weights);
    for (FileKeys.Given g : found.given()) {
      Parameter p = g.original().parameter();
      Parameter instead = a.copyOf(p);
      if (!FileKeys.isValueOf(instead == null ? p : instead, g.value())) {
        throw new IllegalArgumentException(
            from
                + ": "
                + g.key()
                + " is not the model's "
                + g.original().name()
                + ": add it as an adapter of its own (PeftModel.load, addFrom), which takes the"
                + " file's weights of the base");
      }
    }
    return found.weights();
  }

  /** Every key with its shape; what the adapter does not have may be passed over. */
  private static LoadReport check(
      AttachedAdapter a,
      Map<String, ModuleTensor> keys,
      Map<String, StoredTensor> weights,
      String from,
      Strictness strictness,
      boolean tolerant) {
    SequencedMap<String, Shape> expected = new LinkedHashMap<>();
    keys.forEach((key, p) -> expected.put(key, p.shape()));
    SequencedMap<String, Shape> found = new LinkedHashMap<>();
    weights.forEach((key, t) -> found.put(key, t.shape()));
    StateDictCheck check = StateDictCheck.compare(expected, found, ranks(a));
    boolean onlyMore = check.missing().isEmpty() && check.misshaped().isEmpty();
    if (strictness == Strictness.LENIENT) {
      check.requireShapes(from);
    } else if (!tolerant || !onlyMore) {
      check.require(from);
    } else if (!check.unexpected().isEmpty()) {
      LOG.warn(
          "{}: ignoring {} that the adapter's settings have no layer for: {}",
          from,
          check.unexpected().size() == 1 ? "a key" : check.unexpected().size() + " keys",
          Quote.list(check.unexpected(), 10));
    }
    return new LoadReport(check.missing(), check.unexpected());
  }

  /** The rank of each parameter's layer, by the keys of its file. */
  private static Map<String, Integer> ranks(AttachedAdapter a) {
    Map<String, Integer> ranks = new LinkedHashMap<>();
    a.layers()
        .forEach(
            (path, layer) -> {
              if (layer.rank() > 0) {
                layer
                    .parameters()
                    .forEach(e -> ranks.put(PeftNames.key(path, layer, e), layer.rank()));
              }
            });
    return ranks;
  }

  private static void requireNumbers(
      Adapter file, Map<String, ModuleTensor> keys, Map<String, StoredTensor> weights) {
    keys.forEach(
        (key, own) -> {
          StoredTensor t = weights.get(key);
          if (t != null && t.storage().dtype() != own.own().dtype()) {
            throw wrapped(
                new FileFormatException(
                    file.weightsFile(),
                    key
                        + " holds "
                        + t.storage().dtype()
                        + ", expected "
                        + (own.own().dtype() == DType.FLOAT32
                            ? "floating-point numbers"
                            : own.own().dtype().name())));
          }
        });
  }

  private static Map<ModuleTensor, Storage> values(
      Map<String, ModuleTensor> keys, Map<String, StoredTensor> weights) {
    Map<ModuleTensor, Storage> values = new LinkedHashMap<>();
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
  private SequencedMap<String, ModuleTensor> keys(AttachedAdapter a) {
    SequencedMap<String, ModuleTensor> keys = new LinkedHashMap<>();
    for (AdapterNames.Named n : AdapterNames.of(base.root(), List.of(a))) {
      if (n.adapter() != null && n.key() != null) {
        keys.put(n.key(), n.parameter());
      }
    }
    a.layers()
        .forEach( // what several layers have is under the key of each
            (path, layer) -> {
              for (TunerLayer.Entry e : layer.parameters()) {
                if (e.saved()) {
                  keys.putIfAbsent(PeftNames.key(path, layer, e), e.parameter());
                }
              }
            });
    for (AdapterNames.NamedState n : AdapterNames.buffers(base, List.of(a))) {
      if (n.adapter() != null && n.key() != null) {
        keys.put(n.key(), n.buffer());
      }
    }
    return keys;
  }
}
