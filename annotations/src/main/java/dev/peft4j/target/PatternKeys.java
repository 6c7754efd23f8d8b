package dev.peft4j.target;

import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * The keys of a rank or alpha pattern: a layer takes the first, in order, that {@code
 * (.*\.)?(KEY)$} finds at the start of its path (peft's {@code get_pattern_key}).
 */
public final class PatternKeys {
  private final PatternList patterns;

  /**
   * Compiles the keys.
   *
   * @param keys in the order of the configuration
   * @throws java.util.regex.PatternSyntaxException if one is not a regular expression
   */
  public PatternKeys(Collection<String> keys) {
    this(new PatternList("rank_pattern or alpha_pattern", keys, "(.*\\.)?(", ")$", false));
  }

  private PatternKeys(PatternList patterns) {
    this.patterns = patterns;
  }

  /**
   * Compiles keys of which a layer takes the first that is found anywhere in its path (Python's
   * {@code re.search}).
   *
   * @param keys in the order of the configuration
   * @return the keys
   * @throws java.util.regex.PatternSyntaxException if one is not a regular expression
   */
  public static PatternKeys anywhere(Collection<String> keys) {
    return new PatternKeys(new PatternList("rank_pattern", keys, ".*(?:", ")", false));
  }

  /**
   * Returns the key for a layer.
   *
   * @param path the layer's path
   * @return the first key that matches, or null
   */
  public @Nullable String first(String path) {
    return patterns.first(path);
  }
}
