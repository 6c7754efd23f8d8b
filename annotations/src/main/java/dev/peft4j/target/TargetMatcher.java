package dev.peft4j.target;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The decision which paths a {@link TargetSpec} names, by peft's rules and in peft's order ({@code
 * check_target_module_exists}):
 *
 * <ol>
 *   <li>{@code excludeRegex} matches the whole path, or an entry of {@code exclude} is the path or
 *       its end from a dot on: excluded.
 *   <li>The path is, or lies in, a module to save ({@code (^|.*\.)NAME($|\..*)} from the start):
 *       not targeted.
 *   <li>{@code targetRegex} matches the whole path: targeted. A target that is the path: targeted,
 *       independent of {@code layers}.
 *   <li>A target that is the path's end from a dot on: targeted if no {@code layers} are given, or
 *       the path's first index is one of them. The index is found by {@code .*?\.[^.]*\.(\d+)\.},
 *       so the list needs a module above it ({@code m.layers.1.q}), or after the name that {@code
 *       layersPattern} gives.
 * </ol>
 *
 * <p>Not from peft: modules to save are chosen by {@link #saves} with a dot boundary. peft wraps by
 * a plain suffix, so that {@code head} there also takes {@code lm_head}, which its users report as
 * an error. The heads that peft adds for a task, {@code classifier} and {@code score}, are such
 * suffixes here, too: DistilBERT's {@code pre_classifier} is trained and saved with its classifier.
 */
public final class TargetMatcher {
  private static final String ANY_LIST = ".*?\\.[^.]*\\.(?P<idx>\\d+)\\.";

  private final TargetSpec spec;
  private final NameIndex targets;
  private final NameIndex exclude;
  private final NameIndex toSave;
  private final List<String> taskHeads;
  private final PatternList saved;
  private final Set<Integer> layers;
  private final @Nullable Regex targetRegex;
  private final @Nullable Regex excludeRegex;
  private final List<Regex> lists = new ArrayList<>();

  /**
   * Compiles a spec.
   *
   * @param spec the spec
   * @throws java.util.regex.PatternSyntaxException if a regular expression is not valid in Python,
   *     or Java would read it differently and it does not come from a file
   */
  public TargetMatcher(TargetSpec spec) {
    this.spec = spec;
    this.targets = new NameIndex(spec.targets());
    this.exclude = new NameIndex(spec.exclude());
    this.toSave = new NameIndex(spec.modulesToSave());
    this.taskHeads = TaskTypes.heads(spec.modulesToSave());
    this.layers = Set.copyOf(new HashSet<>(spec.layers()));
    this.targetRegex = compiled(spec, "target_modules", spec.targetRegex());
    this.excludeRegex = compiled(spec, "exclude_modules", spec.excludeRegex());
    this.saved =
        new PatternList("modules_to_save", spec.modulesToSave(), "(^|.*\\.)", "($|\\..*)", true);
    Regex.Budget budget = new Regex.Budget("layers_pattern", spec.layersPattern().size());
    for (String pattern : spec.layersPattern()) {
      lists.add(Regex.compile("(?:^|.*?\\.)" + pattern + "\\.(?P<idx>\\d+)\\.", true, budget));
    }
    if (lists.isEmpty() && !layers.isEmpty()) { // of no use otherwise, and not for nothing
      lists.add(Regex.compile(ANY_LIST, true, budget));
    }
  }

  private static @Nullable Regex compiled(TargetSpec spec, String setting, @Nullable String regex) {
    if (regex == null) {
      return null;
    }
    Regex compiled = Regex.compile(regex, false, new Regex.Budget(setting, 1));
    return spec.fromFile() ? compiled : compiled.requireSameInJava();
  }

  /**
   * Returns the spec.
   *
   * @return the spec
   */
  public TargetSpec spec() {
    return spec;
  }

  /**
   * Decides about one module.
   *
   * @param path its path, such as {@code layers.0.attn.q_proj}
   * @param linear whether {@code all-linear} takes it: it is a Linear, and not the model's output
   *     head
   * @return the answer and what decided
   */
  public Match match(String path, boolean linear) {
    if (path.isEmpty()) {
      return Match.NOT_NAMED;
    }
    String excluded = excludedBy(path);
    if (excluded != null) {
      return new Match(Match.Outcome.EXCLUDED, excluded);
    }
    String savedBy = savedBy(path);
    if (savedBy != null) {
      return new Match(Match.Outcome.SAVED, savedBy);
    }
    String target = namedBy(path, linear);
    if (target == null) {
      return Match.NOT_NAMED;
    }
    boolean anyLayer =
        targetRegex != null || spec.allLinear() || target.equals(path) || layers.isEmpty();
    return new Match(
        anyLayer || inChosenLayer(path) ? Match.Outcome.TARGETED : Match.Outcome.OTHER_LAYER,
        target);
  }

  /**
   * Returns the target that names a path, independent of exclude, modules to save and layers.
   *
   * @param path a module's path
   * @param linear as in {@link #match}
   * @return the target, the regular expression, {@code all-linear}, or null
   */
  public @Nullable String namedBy(String path, boolean linear) {
    if (spec.allLinear()) {
      return linear ? TargetSpec.ALL_LINEAR : null;
    }
    if (targetRegex != null) {
      return targetRegex.matches(path) ? spec.targetRegex() : null;
    }
    return targets.contains(path) ? path : targets.naming(path);
  }

  /**
   * Returns the entry of exclude that names a path.
   *
   * @param path a module's path
   * @return the entry or the regular expression, or null
   */
  public @Nullable String excludedBy(String path) {
    if (excludeRegex != null) {
      return excludeRegex.matches(path) ? spec.excludeRegex() : null;
    }
    return exclude.naming(path);
  }

  /**
   * Returns the module to save that a path is or is in.
   *
   * @param path a module's path
   * @return the entry of modules to save, or null
   */
  public @Nullable String savedBy(String path) {
    return saved.first(path);
  }

  /**
   * Returns whether a module itself is one of the modules to save: an entry is its path or the end
   * of it from a dot on; a task's head may also be any end of it. A module inside one that is saved
   * need not be saved again.
   *
   * @param path a module's path
   * @return whether it is trained whole
   */
  public boolean saves(String path) {
    return toSave.naming(path) != null || taskHeads.stream().anyMatch(path::endsWith);
  }

  /**
   * Returns whether a path with this beginning may be targeted: false only if {@code targetRegex}
   * cannot match any continuation.
   *
   * @param beginning the beginning of a path, such as {@code experts.}
   * @return whether a longer path may be
   */
  public boolean mayTargetBelow(String beginning) {
    return targetRegex == null || targetRegex.matchesOrMight(beginning);
  }

  /**
   * Returns the targets that named no layer.
   *
   * @param targetedPaths the paths of all layers that got the adapter
   * @return entries of the targets, the regular expression or {@code all-linear}; empty if each
   *     named one
   */
  public List<String> unmatched(Collection<String> targetedPaths) {
    if (spec.allLinear()) {
      return targetedPaths.isEmpty() ? List.of(TargetSpec.ALL_LINEAR) : List.of();
    }
    String regex = spec.targetRegex();
    if (regex != null) {
      return targetedPaths.isEmpty() ? List.of(regex) : List.of();
    }
    Set<String> named = Names.ends(targetedPaths);
    return spec.targets().stream().filter(t -> !named.contains(t)).distinct().toList();
  }

  private boolean inChosenLayer(String path) {
    for (Regex list : lists) {
      String digits = list.group(path, "idx");
      if (digits != null) {
        // an index too long for an int is none that anybody chose
        return digits.length() < 10 && layers.contains(Integer.valueOf(digits));
      }
    }
    return false;
  }
}
