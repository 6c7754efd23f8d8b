package dev.peft4j.target;

import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The keys of a rank or alpha pattern: a layer takes the first, in order, that {@code
 * (.*\.)?(KEY)$} finds at the start of its path (peft's {@code get_pattern_key}).
 */
public final class PatternKeys {
  private static final String ANYWHERE = ".*(?:";

  private final PatternList patterns;
  private final boolean anywhere;

  /**
   * Compiles the keys.
   *
   * @param keys in the order of the configuration
   * @throws java.util.regex.PatternSyntaxException if one is not a regular expression
   */
  public PatternKeys(Collection<String> keys) {
    this(new PatternList("rank_pattern or alpha_pattern", keys, "(.*\\.)?(", ")$", false), false);
  }

  private PatternKeys(PatternList patterns, boolean anywhere) {
    this.patterns = patterns;
    this.anywhere = anywhere;
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
    List<String> within = keys.stream().map(k -> ANYWHERE + k + ")").collect(Collectors.toList());
    return new PatternKeys(new PatternList("rank_pattern", within, "", "", false), true);
  }

  /**
   * Returns the key for a layer.
   *
   * @param path the layer's path
   * @return the first key that matches, or null
   */
  public @Nullable String first(String path) {
    String first = patterns.first(path);
    return first == null || !anywhere
        ? first
        : first.substring(ANYWHERE.length(), first.length() - 1);
  }
}
