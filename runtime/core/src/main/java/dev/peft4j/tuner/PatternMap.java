package dev.peft4j.tuner;

import dev.peft4j.target.PatternKeys;
import java.util.AbstractMap;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/**
 * Values by regular expressions for paths, in order: a rank or alpha pattern. The expressions are
 * compiled once, when the first path is asked for. Immutable.
 */
public final class PatternMap<V> extends AbstractMap<String, V> implements SequencedMap<String, V> {
  private final SequencedMap<String, V> entries;
  private volatile PatternKeys keys = new PatternKeys(Set.of());
  private volatile boolean compiled;

  private PatternMap(Map<String, V> entries) {
    this.entries = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(entries));
  }

  /** Returns the entries as a pattern map, in their order. */
  public static <V> PatternMap<V> of(Map<String, V> entries) {
    return entries instanceof PatternMap<V> same ? same : new PatternMap<>(entries);
  }

  /**
   * Returns the value for a path: that of the first expression that names it, else {@code
   * otherwise}.
   *
   * @throws java.util.regex.PatternSyntaxException if one is not a regular expression
   */
  public V valueFor(String path, V otherwise) {
    if (entries.isEmpty()) {
      return otherwise;
    }
    String key = keys().first(path);
    return key == null ? otherwise : entries.getOrDefault(key, otherwise);
  }

  /** Returns the expressions. */
  public PatternKeys keys() {
    if (!compiled) {
      keys = new PatternKeys(entries.keySet());
      compiled = true;
    }
    return keys;
  }

  /**
   * Returns the expressions that give no path its value, in their order.
   *
   * @throws java.util.regex.PatternSyntaxException if one is not a regular expression
   */
  public Set<String> unused(Collection<String> paths) {
    Set<String> left = new LinkedHashSet<>(entries.keySet());
    for (String path : paths) {
      String key = keys().first(path);
      if (key != null) {
        left.remove(key);
      }
    }
    return left;
  }

  @Override
  public Set<Entry<String, V>> entrySet() {
    return entries.entrySet();
  }

  @Override
  public SequencedMap<String, V> reversed() {
    return entries.reversed();
  }
}
