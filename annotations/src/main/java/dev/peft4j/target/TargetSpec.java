package dev.peft4j.target;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The choice of the layers of a model that get an adapter: the part of peft's configurations that
 * {@link TargetMatcher} reads. At most one of {@code targets}, {@code targetRegex} and {@code
 * allLinear} is given; with none, no layer is targeted.
 *
 * @param targets peft's {@code target_modules} as a list: paths or ends of paths
 * @param targetRegex peft's {@code target_modules} as a string: a regular expression for the whole
 *     path
 * @param allLinear peft's {@code "all-linear"}
 * @param exclude peft's {@code exclude_modules} as a list
 * @param excludeRegex peft's {@code exclude_modules} as a string; used if given, else {@code
 *     exclude}
 * @param modulesToSave peft's {@code modules_to_save}; neither they nor the modules in them are
 *     targeted
 * @param layers peft's {@code layers_to_transform}; empty for all
 * @param layersPattern peft's {@code layers_pattern}
 * @param fromFile whether it comes from a file: as in peft, some of its targets may name nothing
 *     then. It is ignored by {@code equals}
 */
public record TargetSpec(
    List<String> targets,
    @Nullable String targetRegex,
    boolean allLinear,
    List<String> exclude,
    @Nullable String excludeRegex,
    List<String> modulesToSave,
    List<Integer> layers,
    List<String> layersPattern,
    boolean fromFile) {

  /** The target for every Linear. */
  public static final String ALL_LINEAR = "all-linear";

  /** The prefix of a target that is a regular expression. */
  public static final String REGEX_PREFIX = "regex:";

  /**
   * Creates a spec that was written by a user.
   *
   * @throws IllegalArgumentException like the other constructor
   */
  public TargetSpec(
      List<String> targets,
      @Nullable String targetRegex,
      boolean allLinear,
      List<String> exclude,
      @Nullable String excludeRegex,
      List<String> modulesToSave,
      List<Integer> layers,
      List<String> layersPattern) {
    this(
        targets,
        targetRegex,
        allLinear,
        exclude,
        excludeRegex,
        modulesToSave,
        layers,
        layersPattern,
        false);
  }

  /**
   * Creates a spec, with peft's checks.
   *
   * @throws IllegalArgumentException if targets are given in more than one way, layers without a
   *     list of targets, or a pattern of layers without layers
   */
  public TargetSpec {
    targets = List.copyOf(targets);
    exclude = List.copyOf(exclude);
    modulesToSave = List.copyOf(modulesToSave);
    layers = List.copyOf(layers);
    layersPattern = List.copyOf(layersPattern);
    int ways = (targets.isEmpty() ? 0 : 1) + (targetRegex == null ? 0 : 1) + (allLinear ? 1 : 0);
    if (ways > 1) {
      throw new IllegalArgumentException(
          "targets are given in more than one way (list %s, regex %s, all-linear %s): give one"
              .formatted(targets, targetRegex, allLinear));
    }
    if (!exclude.isEmpty() && excludeRegex != null) {
      throw new IllegalArgumentException(
          "exclude is given as a list %s and as a regex \"%s\": give one"
              .formatted(exclude, excludeRegex));
    }
    if ((targetRegex != null || allLinear) && (!layers.isEmpty() || !layersPattern.isEmpty())) {
      throw new IllegalArgumentException(
          "layers %s and their pattern %s need a list of targets, not %s"
              .formatted(layers, layersPattern, allLinear ? ALL_LINEAR : "a regex"));
    }
    if (!layersPattern.isEmpty() && layers.isEmpty()) {
      throw new IllegalArgumentException(
          "a pattern of layers %s needs layers".formatted(layersPattern));
    }
  }

  /**
   * Returns the targets in the form of {@code @Peft(target = ...)}.
   *
   * @param targets paths or ends of paths; or {@code all-linear} or {@code regex:...} alone
   * @return the spec
   */
  public static TargetSpec of(String... targets) {
    return builder().targets(targets).build();
  }

  /**
   * Returns an empty builder.
   *
   * @return a builder
   */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Returns the same spec as one from a file: as in peft, some of its targets may name nothing.
   *
   * @return a new spec
   */
  public TargetSpec asFromFile() {
    return new TargetSpec(
        targets,
        targetRegex,
        allLinear,
        exclude,
        excludeRegex,
        modulesToSave,
        layers,
        layersPattern,
        true);
  }

  private List<Object> parts() {
    return Arrays.asList(
        targets,
        targetRegex,
        allLinear,
        exclude,
        excludeRegex,
        modulesToSave,
        layers,
        layersPattern);
  }

  @Override
  public boolean equals(@Nullable Object o) {
    return o instanceof TargetSpec && parts().equals(((TargetSpec) o).parts());
  }

  @Override
  public int hashCode() {
    return parts().hashCode();
  }

  /**
   * Returns the same spec with other targets, which are names.
   *
   * @param names all of them
   * @return a new spec
   */
  public TargetSpec withTargets(List<String> names) {
    return new TargetSpec(
        names, null, false, exclude, excludeRegex, modulesToSave, layers, layersPattern, fromFile);
  }

  /**
   * Returns the same spec with other modules to save.
   *
   * @param names all of them
   * @return a new spec
   */
  public TargetSpec withModulesToSave(List<String> names) {
    return new TargetSpec(
        targets,
        targetRegex,
        allLinear,
        exclude,
        excludeRegex,
        names,
        layers,
        layersPattern,
        fromFile);
  }

  /** A builder of {@link TargetSpec}; lists add up when a method is called again. */
  public static final class Builder {
    private final List<String> targets = new ArrayList<>();
    private @Nullable String targetRegex;
    private boolean allLinear;
    private final List<String> exclude = new ArrayList<>();
    private @Nullable String excludeRegex;
    private final List<String> modulesToSave = new ArrayList<>();
    private final List<Integer> layers = new ArrayList<>();
    private final List<String> layersPattern = new ArrayList<>();

    private Builder() {}

    /**
     * Adds targets.
     *
     * @param names paths or ends of paths; {@code all-linear} (in any case) or {@code regex:...}
     *     alone
     * @return this
     * @throws IllegalArgumentException if {@code all-linear} or {@code regex:...} is one of
     *     several, or a name is empty
     */
    public Builder targets(String... names) {
      for (String name : names) {
        if (name.isBlank()) {
          throw new IllegalArgumentException("a target is empty: " + Arrays.toString(names));
        }
        boolean everyLinear = name.toLowerCase(Locale.ROOT).equals(ALL_LINEAR);
        if (names.length > 1 && (everyLinear || name.startsWith(REGEX_PREFIX))) {
          throw new IllegalArgumentException(
              "\"%s\" has to be the only target: %s".formatted(name, Arrays.toString(names)));
        }
        if (everyLinear) {
          allLinear();
        } else if (name.startsWith(REGEX_PREFIX)) {
          targetRegex(name.substring(REGEX_PREFIX.length()));
        } else {
          targets.add(name);
        }
      }
      return this;
    }

    /**
     * Adds targets that are names, of any form.
     *
     * @param names paths or ends of paths
     * @return this
     */
    public Builder names(List<String> names) {
      targets.addAll(names);
      return this;
    }

    /**
     * Sets a regular expression for the whole path.
     *
     * @param regex as Python's {@code re} reads it
     * @return this
     */
    public Builder targetRegex(String regex) {
      targetRegex = regex;
      return this;
    }

    /**
     * Sets every Linear as target.
     *
     * @return this
     */
    public Builder allLinear() {
      allLinear = true;
      return this;
    }

    /**
     * Adds exceptions.
     *
     * @param names paths or ends of paths
     * @return this
     */
    public Builder exclude(String... names) {
      exclude.addAll(List.of(names));
      return this;
    }

    /**
     * Sets a regular expression for the whole path of exceptions.
     *
     * @param regex as Python's {@code re} reads it
     * @return this
     */
    public Builder excludeRegex(String regex) {
      excludeRegex = regex;
      return this;
    }

    /**
     * Adds modules that are trained whole.
     *
     * @param names paths or ends of paths
     * @return this
     */
    public Builder modulesToSave(String... names) {
      modulesToSave.addAll(List.of(names));
      return this;
    }

    /**
     * Adds layers to which ends of paths are confined.
     *
     * @param indices from 0 on
     * @return this
     */
    public Builder layers(int... indices) {
      for (int index : indices) {
        layers.add(index);
      }
      return this;
    }

    /**
     * Adds names of the list that the layers are counted in.
     *
     * @param patterns names or regular expressions
     * @return this
     */
    public Builder layersPattern(String... patterns) {
      layersPattern.addAll(List.of(patterns));
      return this;
    }

    /**
     * Creates the spec.
     *
     * @return the spec
     * @throws IllegalArgumentException as {@link TargetSpec} says
     */
    public TargetSpec build() {
      return new TargetSpec(
          targets,
          targetRegex,
          allLinear,
          exclude,
          excludeRegex,
          modulesToSave,
          layers,
          layersPattern);
    }
  }
}
