package dev.peft4j.target;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The keys of a rank or alpha pattern: a layer takes the first, in order, that {@code
 * (.*\.)?(KEY)$} finds at the start of its path (peft's {@code get_pattern_key}).
 */
public final class PatternKeys {
  private final Map<String, Pattern> patterns = new LinkedHashMap<>();

  /**
   * Compiles the keys.
   *
   * @param keys in the order of the configuration
   * @throws java.util.regex.PatternSyntaxException if one is not a regular expression
   */
  public PatternKeys(Collection<String> keys) {
    for (String key : keys) {
      patterns.put(key, Regex.compile("(.*\\.)?(" + key + ")$"));
    }
  }

  /**
   * The key for a layer.
   *
   * @param path the layer's path
   * @return the first key that fits, or null
   */
  public @Nullable String first(String path) {
    for (var entry : patterns.entrySet()) {
      if (Regex.matcher(entry.getValue(), path).lookingAt()) {
        return entry.getKey();
      }
    }
    return null;
  }
}
