package dev.peft4j.tuner;

import dev.peft4j.io.Quote;
import dev.peft4j.log.Log;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.target.Names;
import dev.peft4j.target.Suggestions;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.target.TaskTypes;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Whether everything that an adapter's settings name is in the model. */
final class MatchCheck {
  private static final Log LOG = Log.of(MatchCheck.class);

  /** More paths than these are shown by their last names alone. */
  private static final int SHOWN = 20;

  private final AttachedAdapter a;
  private final List<String> paths;
  private final Set<String> adapted;

  private MatchCheck(AttachedAdapter a, List<NamedModule> modules) {
    this.a = a;
    this.paths = modules.stream().map(NamedModule::name).filter(n -> !n.isEmpty()).toList();
    this.adapted = new LinkedHashSet<>(a.layers().keySet());
    adapted.addAll(a.tied().keySet());
    if (targetsAny()) {
      adapted.removeIf(a.targets()::isExtra);
    }
  }

  private boolean targetsAny() {
    TargetSpec t = a.config().targets();
    return t.allLinear() || t.targetRegex() != null || !t.targets().isEmpty();
  }

  /**
   * A target may be excluded, saved or in another layer by the settings themselves, but it must be
   * there; of a file's targets, as in peft, one.
   *
   * @throws IllegalArgumentException naming what is not, with suggestions
   */
  static void require(AttachedAdapter a, List<NamedModule> modules) {
    MatchCheck check = new MatchCheck(a, modules);
    check.requireParameters(modules);
    check.requireTargets();
    check.requireExtra();
    check.warnOfPatterns();
    check.requireSaved();
    a.layers()
        .values()
        .forEach(
            layer -> {
              String problem = layer.problem();
              if (problem != null) {
                throw new IllegalArgumentException(problem);
              }
            });
  }

  /**
   * Warns of what is wrong with the settings of a file: that some of its targets name nothing, say.
   *
   * @return a sentence if none of its targets names anything; else null
   */
  static @Nullable String warn(AttachedAdapter a, List<NamedModule> modules, Path file) {
    MatchCheck check = new MatchCheck(a, modules);
    List<String> unmatched = check.unmatched();
    if (!check.adapted.isEmpty() && !unmatched.isEmpty()) {
      LOG.warn("{}: no module is named by the targets {}", file, Quote.list(unmatched, 10));
    }
    check.warnOfPatterns();
    return check.adapted.isEmpty() ? file + ": " + check.sentence(unmatched) : null;
  }

  private void requireTargets() {
    List<String> unmatched = unmatched();
    if (adapted.isEmpty() && unmatched.isEmpty()) {
      throw new IllegalArgumentException(
          "adapter '" + a.name() + "' has no targets. Modules: " + shown(paths));
    }
    if (unmatched.isEmpty()) {
      return;
    }
    if (!a.config().targets().fromFile() || adapted.isEmpty()) {
      throw new IllegalArgumentException(sentence(unmatched));
    }
    LOG.warn(
        "adapter '{}': no module is named by the targets {}", a.name(), Quote.list(unmatched, 10));
  }

  private List<String> unmatched() {
    List<String> unmatched = a.targets().declared().unmatched(adapted);
    if (adapted.isEmpty() || unmatched.isEmpty()) {
      return unmatched;
    }
    Set<String> there = Names.ends(paths);
    return unmatched.stream().filter(t -> !there.contains(t)).toList();
  }

  private String sentence(List<String> unmatched) {
    if (!targetsAny()) {
      return "there are no targets (target_modules), for which peft chooses by the kind of model:"
          + " name them. Modules: "
          + shown(paths);
    }
    List<String> some = unmatched.subList(0, Math.min(SHOWN, unmatched.size()));
    StringBuilder s =
        new StringBuilder("Target modules ")
            .append(some)
            .append(some.size() < unmatched.size() ? " and " : "")
            .append(
                some.size() < unmatched.size() ? (unmatched.size() - some.size()) + " more" : "")
            .append(" not found in the base model.");
    for (String t : some) {
      s.append(
          paths.stream()
              .filter(p -> Names.names(t, p))
              .findFirst()
              .map(
                  p ->
                      " '"
                          + p
                          + "' is there, but left out: "
                          + a.targets().declared().match(p, false).outcome()
                          + ".")
              .orElseGet(() -> suggestion(t)));
    }
    return s.append(" Modules: ").append(shown(paths)).toString();
  }

  /** With a space before it, or nothing. */
  private String suggestion(String name) {
    String near = Suggestions.didYouMean(name, paths);
    return near.isEmpty() ? "" : ' ' + near;
  }

  /** All of a few paths; of many the different last names, without indices. */
  private static Collection<String> shown(List<String> paths) {
    if (paths.size() <= SHOWN) {
      return paths;
    }
    Set<String> last = new LinkedHashSet<>();
    for (String path : paths) {
      String name = path.substring(path.lastIndexOf('.') + 1);
      if (!name.chars().allMatch(Character::isDigit)) {
        last.add(name);
      }
    }
    List<String> all = new ArrayList<>(last);
    return all.size() <= 3 * SHOWN ? all : all.subList(0, 3 * SHOWN);
  }

  private void requireParameters(List<NamedModule> modules) {
    List<String> wanted = a.settings().targetParameters();
    if (wanted.isEmpty()) {
      return;
    }
    List<String> names = new ArrayList<>();
    for (NamedModule m : modules) {
      m.module().ownParameters().keySet().forEach(name -> names.add(Names.join(m.name(), name)));
    }
    for (String target : wanted) {
      if (names.stream().noneMatch(name -> name.contains(".") && Names.names(target, name))) {
        throw new IllegalArgumentException(
            "target parameter '"
                + target
                + "' not found in the base model (one of the model itself cannot be a target). "
                + Suggestions.didYouMean(target, names));
      }
    }
  }

  private void requireExtra() {
    Set<String> named = Names.ends(a.layers().keySet());
    ExtraTargets extra = a.targets().extra();
    for (String also : extra.names()) {
      if (!named.contains(also)) {
        throw new IllegalArgumentException(
            extra.setting()
                + " of '"
                + also
                + "': there is no such layer in the base model. "
                + Suggestions.didYouMean(also, paths));
      }
    }
  }

  private void warnOfPatterns() {
    List<String> unused = a.settings().unused(a.layers().keySet());
    if (!unused.isEmpty()) {
      LOG.warn(
          "adapter '{}': no layer that it adapts is named by {}",
          a.name(),
          unused.size() <= SHOWN ? unused : Quote.list(unused, SHOWN));
    }
  }

  /** peft writes the heads of a task into the file whether or not the model has them. */
  private void requireSaved() {
    String task = a.config().taskType();
    Set<String> heads = new HashSet<>(TaskTypes.modulesToSave(task == null ? "" : task));
    Set<String> saved = Names.ends(a.saved().keySet());
    for (String save : a.config().targets().modulesToSave()) {
      if (!heads.contains(save) && !saved.contains(save)) {
        if (a.config().targets().fromFile()) {
          LOG.warn("adapter '{}': there is no module to save '{}'", a.name(), save);
          continue;
        }
        throw new IllegalArgumentException(
            "modulesToSave '"
                + save
                + "' not found in the base model."
                + suggestion(save)
                + " Modules: "
                + shown(paths));
      }
    }
  }
}
