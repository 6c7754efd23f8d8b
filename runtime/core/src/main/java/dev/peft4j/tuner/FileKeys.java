package dev.peft4j.tuner;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Storage;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The keys of an adapter's file, by what they are for: the adapter's own under whatever name, and
 * values of the base. peft puts every tensor where a parameter of the adapted model has its name,
 * and passes over the others.
 */
final class FileKeys {
  private static final Pattern WRAPPED = Pattern.compile("\\.(base_layer|original_module)\\.");
  private static final String DEFAULT = "default";

  /** A value of the base that the file has. */
  record Given(NamedParameter original, String key, StoredTensor value) {}

  private final AttachedAdapter adapter;
  private final FrozenBase base;
  private final String prefix;
  private final Set<String> expected;
  private final Map<String, String> spellings = new HashMap<>();
  private final Map<String, NamedParameter> inPlace = new HashMap<>();
  private final Map<String, NamedParameter> plain = new HashMap<>();
  private final SequencedMap<String, StoredTensor> weights = new LinkedHashMap<>();
  private final List<Given> given = new ArrayList<>();
  private final List<String> passedOver = new ArrayList<>();

  FileKeys(AttachedAdapter adapter, FrozenBase base, Set<String> expected) {
    this.adapter = adapter;
    this.base = base;
    this.prefix = adapter.tuner().basePrefix();
    this.expected = expected;
  }

  /** The adapter's weights under the keys that it has, and what nothing is known of. */
  SequencedMap<String, StoredTensor> weights() {
    return weights;
  }

  /** Values of the base where peft would put them, in the file's order. */
  List<Given> given() {
    return given;
  }

  /**
   * Keys that look like the base's, but are not where a parameter is, and hold another value: peft
   * passes over them.
   */
  List<String> passedOver() {
    return passedOver;
  }

  /** Sorts a file's tensors. */
  FileKeys sort(Map<String, StoredTensor> file) {
    boolean allKnown = expected.containsAll(file.keySet());
    if (!allKnown) {
      nameAdapter();
      nameBase();
    }
    Set<String> repeated = new HashSet<>();
    adapter.saved().keySet().forEach(path -> repeated.add(prefix + path));
    Set<String> tied = new HashSet<>();
    adapter.tied().keySet().forEach(path -> tied.add(prefix + path));
    file.forEach(
        (key, t) -> {
          if (expected.contains(key)) {
            weights.put(key, t);
          } else {
            other(key, t, file, repeated, tied);
          }
        });
    return this;
  }

  private void other(
      String key,
      StoredTensor t,
      Map<String, StoredTensor> file,
      Set<String> saved,
      Set<String> tied) {
    String spelled = spellings.get(key);
    if (spelled == null) {
      String unwrapped = WRAPPED.matcher(key).replaceFirst(".");
      spelled = expected.contains(unwrapped) ? unwrapped : null;
    }
    if (spelled != null && !file.containsKey(spelled) && !weights.containsKey(spelled)) {
      weights.put(spelled, t);
    } else if (spelled != null
        || above(key, ".modules_to_save.", saved)
        || above(key, ".original_module.", saved)
        || above(key, "." + adapter.tuner().parameterPrefix(), tied)) {
      return; // what the file has under another name, too
    } else if (inPlace.containsKey(key)) {
      given.add(new Given(inPlace.get(key), key, t));
    } else {
      NamedParameter p = plain.get(WRAPPED.matcher(key).replaceFirst("."));
      if (p == null) {
        weights.put(key, t);
      } else if (!isValueOf(p.parameter(), t)) {
        passedOver.add(key);
      }
    }
  }

  /** Whether what stands before a part of a key is one of some paths. */
  private static boolean above(String key, String part, Set<String> paths) {
    for (int at = key.indexOf(part); at >= 0; at = key.indexOf(part, at + 1)) {
      if (paths.contains(key.substring(0, at))) {
        return true;
      }
    }
    return false;
  }

  /** As in memory, with the adapter's name, where peft finds them too. */
  private void nameAdapter() {
    Set<String> names = Set.copyOf(new HashSet<>(List.of(adapter.name(), DEFAULT)));
    adapter
        .layers()
        .forEach(
            (path, layer) -> {
              for (TunerLayer.Entry e : layer.parameters()) {
                String key = PeftNames.key(path, layer, e);
                names.forEach(n -> spellings.put(PeftNames.inMemory(path, layer, e, n), key));
                name(path, e.group(), e.suffix(), e.shared(), key);
              }
              for (TunerLayer.Constant c : layer.constants()) {
                String key = PeftNames.key(path, c);
                names.forEach(n -> spellings.put(PeftNames.inMemory(path, c, n), key));
                name(path, c.group(), c.suffix(), c.shared(), key);
              }
            });
    adapter
        .saved()
        .forEach(
            (path, module) ->
                module
                    .namedParameters()
                    .forEach(
                        p -> {
                          String above = prefix + path + ".";
                          String key = above + p.name();
                          names.forEach(
                              n -> spellings.put(PeftNames.saved(prefix, path, n, p.name()), key));
                          spellings.put(above + "modules_to_save." + p.name(), key);
                        }));
    adapter
        .saved()
        .forEach(
            (path, module) ->
                module
                    .namedBuffers()
                    .forEach(
                        b -> {
                          String above = prefix + path + ".";
                          String key = above + b.name();
                          names.forEach(
                              n -> spellings.put(PeftNames.saved(prefix, path, n, b.name()), key));
                          spellings.put(above + "modules_to_save." + b.name(), key);
                        }));
  }

  /** As in memory, without the adapter's name; what is shared may be under each of its layers. */
  private void name(String path, String group, String suffix, boolean shared, String key) {
    String above = prefix + path + "." + group;
    if (!suffix.isEmpty()) {
      spellings.put(above + "." + suffix, key);
    } else if (shared) {
      spellings.put(above, key);
    }
  }

  private void nameBase() {
    for (NamedParameter p : base.parameters()) {
      int dot = p.name().lastIndexOf('.');
      String path = dot < 0 ? "" : p.name().substring(0, dot);
      String own = p.name().substring(dot + 1);
      String above = prefix + path + ".";
      plain.put(prefix + p.name(), p);
      TunerLayer layer = adapter.layers().get(path);
      if (layer != null) {
        inPlace.put(above + layer.baseName() + "." + own, p);
      } else {
        inPlace.put(prefix + p.name(), p);
        if (adapter.tied().containsKey(path)) {
          inPlace.put(above + "base_layer." + own, p);
        }
      }
    }
  }

  /**
   * Whether numbers are a parameter's, or become them when they are, or these are, rounded to
   * bfloat16 or float16.
   */
  static boolean isValueOf(Parameter p, StoredTensor t) {
    if (!t.shape().equals(p.shape())) {
      return false;
    }
    Storage own = p.own();
    Storage here = own.encoding().isPlain() ? own : own.copyAs(Encodings.FLOAT32);
    if (here.equalBytes(t.storage())) {
      return true;
    }
    if (!own.encoding().isPlain()) {
      return rounded(t.storage(), own.encoding()).equalBytes(here);
    }
    return rounded(here, Encodings.BFLOAT16).equalBytes(t.storage())
        || rounded(here, Encodings.FLOAT16).equalBytes(t.storage());
  }

  /** The numbers as another encoding holds them, as float32. */
  static Storage rounded(Storage values, Encoding encoding) {
    return encoding.isPlain() ? values : values.copyAs(encoding).copyAs(Encodings.FLOAT32);
  }
}
