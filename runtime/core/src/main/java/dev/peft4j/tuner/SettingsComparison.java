package dev.peft4j.tuner;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import dev.peft4j.data.Shape;
import dev.peft4j.io.PythonJson;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What settings mean for layers and weights: whether two adapters compute the same, whether sizes
 * fit, which patterns match nothing.
 *
 * @param fields all settings
 * @param patterns those that have values for some of the layers
 */
record SettingsComparison<C extends CommonConfig<C>>(
    List<? extends SettingField<C, ?>> fields, List<Pattern<C, ?>> patterns) {
  /** Values of some layers in place of those of {@code base}, by patterns. */
  record Pattern<C, V>(String key, String base, Function<C, SequencedMap<String, V>> get) {}

  /** Returns the patterns that match none of the paths, as messages name them. */
  List<String> unused(C config, Collection<String> paths) {
    List<String> unused = new ArrayList<>();
    for (Pattern<C, ?> p : patterns) {
      PatternMap.of(p.get.apply(config))
          .unused(paths)
          .forEach(key -> unused.add(p.key.replace('_', ' ') + " '" + key + "'"));
    }
    return unused;
  }

  /** Throws if the file's adapter would compute something else in a layer than the present one. */
  void requireSame(String path, C present, C file) {
    Map<String, JsonNode> here = valuesAt(path, present);
    Map<String, JsonNode> there = valuesAt(path, file);
    here.forEach(
        (key, value) -> {
          if (!value.equals(there.get(key))) {
            throw new IllegalArgumentException(
                "the adapter in the file has "
                    + key
                    + " "
                    + there.get(key)
                    + " for '"
                    + path
                    + "', this model has "
                    + value
                    + ": it would compute something else");
          }
        });
  }

  /** What settings say of one layer, as far as it matters for what is computed. */
  private Map<String, JsonNode> valuesAt(String path, C config) {
    Map<String, JsonNode> values = new LinkedHashMap<>();
    for (SettingField<C, ?> f : fields) {
      if (f.computes()) {
        values.put(f.key(), f.write().apply(config));
      }
    }
    for (Pattern<C, ?> p : patterns) {
      JsonNode usual = values.get(p.base);
      JsonNode own = usual == null ? null : valueAt(path, p.get.apply(config));
      if (own != null) { // a base that is not there plays no part once the adapter is
        values.put(p.base, own);
      }
    }
    return values;
  }

  private static <V> @Nullable JsonNode valueAt(String path, SequencedMap<String, V> values) {
    PatternMap<V> map = PatternMap.of(values);
    String key = map.isEmpty() ? null : map.keys().first(path);
    Object value = key == null ? null : map.get(key);
    return value == null
        ? null
        : value instanceof Integer i ? IntNode.valueOf(i) : PythonJson.number((Double) value);
  }

  /** Throws if a size is far above the sizes of the weights. */
  void requireSize(C config, Map<String, Shape> weights) {
    for (SettingField<C, ?> f : fields) {
      if (f.isSize()) {
        JsonNode value = f.write().apply(config);
        for (JsonNode size : value.isObject() ? value : List.of(value)) {
          SettingChecks.size(f.key(), size.asLong(), weights);
        }
      }
    }
  }
}
