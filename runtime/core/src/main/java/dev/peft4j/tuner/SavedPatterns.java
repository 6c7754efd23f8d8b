package dev.peft4j.tuner;

import dev.peft4j.target.PatternKeys;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Rank and alpha patterns as a file can hold them: its keys are sorted, and the first one that fits
 * a layer decides.
 */
public final class SavedPatterns {
  private SavedPatterns() {}

  /**
   * Returns the same patterns, or, if sorting them would change what a layer gets, one for each
   * layer. (peft writes such a file and cannot load it.)
   *
   * @param paths of the adapted layers
   */
  public static <V> SequencedMap<String, V> of(
      SequencedMap<String, V> patterns, Collection<String> paths) {
    if (patterns.size() < 2) {
      return patterns;
    }
    PatternKeys given = PatternMap.of(patterns).keys();
    PatternKeys sorted = new PatternKeys(new TreeMap<>(patterns).keySet());
    if (paths.stream()
        .allMatch(p -> Objects.equals(value(patterns, given, p), value(patterns, sorted, p)))) {
      return patterns;
    }
    SequencedMap<String, V> each = new LinkedHashMap<>();
    for (String path : paths) {
      V value = value(patterns, given, path);
      if (value != null) {
        each.put("^" + path.replace(".", "\\."), value);
      }
    }
    return each;
  }

  private static <V> @Nullable V value(
      SequencedMap<String, V> patterns, PatternKeys keys, String path) {
    String key = keys.first(path);
    return key == null ? null : patterns.get(key);
  }
}
