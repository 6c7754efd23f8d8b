package dev.peft4j.processor;

import dev.peft4j.processor.Matching.Answer;
import dev.peft4j.processor.Matching.Outcome;
import dev.peft4j.processor.Node.Kind;
import dev.peft4j.target.Names;
import dev.peft4j.target.TargetSpec;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The check that everything that a configuration names is there, and that no two parts of it
 * contradict each other.
 */
final class TargetChecks {
  private static final int MAX_SHOWN = 6;

  private final PeftSettings settings;
  private final Place root;
  private final Matching matching;
  private final Candidates candidates;
  private final Consumer<Problem> problems;
  private final List<Answer> all;

  /** Modules that are searched at run time, so that what is not found yet may still be there. */
  private final List<Place> opaque;

  TargetChecks(PeftSettings settings, Place root, Matching matching, Consumer<Problem> problems) {
    this.settings = settings;
    this.root = root;
    this.matching = matching;
    this.candidates = new Candidates(root, settings.kind());
    this.problems = problems;
    this.all = matching.all().toList();
    this.opaque = root.all().stream().filter(place -> reachable(place) && searched(place)).toList();
  }

  private boolean searched(Place place) {
    return (place.node().opaque() && !place.node().described()
            || (place.isModule() && matching.decidedAtRunTime(place)))
        && matching.mayMatchIn(place);
  }

  private static boolean reachable(Place place) {
    for (Place p = place; p != null; p = p.parent()) {
      if (!p.node().access().possible()) {
        return false;
      }
    }
    return true;
  }

  /** Returns where the entry that decided an answer is written. */
  static Site site(PeftSettings settings, Answer answer) {
    if (answer.outcome() == Outcome.SAVE || answer.outcome() == Outcome.IN_SAVED) {
      int index = settings.modulesToSave().indexOf(answer.by());
      return index < 0 ? settings.site("taskType") : settings.site("modulesToSave", index);
    }
    int index = settings.target().indexOf(answer.by());
    return index < 0 ? settings.targetSite() : settings.site("target", index);
  }

  void check() {
    if (settings.allLinear() || settings.hasRegex()) {
      String shown =
          settings.allLinear()
              ? "that is a Linear, as \"all-linear\" takes"
              : "whose path \"%s\" matches".formatted(settings.regex());
      Predicate<Answer> named =
          settings.allLinear()
              ? a -> a.place().node().linear() && !a.place().node().outputHead()
              : a -> !a.path().isEmpty() && matching.matcher().namedBy(a.path(), false) != null;
      String target = settings.allLinear() ? TargetSpec.ALL_LINEAR : settings.regex();
      checkTarget(
          target, settings.targetSite(), shown, a -> a.place().isModule() && named.test(a), false);
    } else {
      boolean anyFound = all.stream().anyMatch(a -> a.outcome() == Outcome.ATTACH);
      Set<String> seen = new HashSet<>();
      for (int i = 0; i < settings.target().size(); i++) {
        String target = settings.target().get(i);
        if (seen.add(target)) {
          String shown = "called \"%s\"".formatted(target);
          checkTarget(
              target,
              settings.site("target", i),
              shown,
              a -> Names.names(target, a.path()),
              anyFound);
        }
      }
    }
    checkTokens();
    checkExclude();
    checkSaved();
    if (opaque.isEmpty()) {
      new KeyChecks(settings, with(all, Outcome.ATTACH), candidates, problems).check();
    }
    checkAdapterName();
  }

  private void checkTarget(
      String target, Site site, String shown, Predicate<Answer> named, boolean othersFound) {
    List<Answer> here = all.stream().filter(named).toList();
    List<Answer> unsupported =
        with(here, Outcome.UNSUPPORTED).stream().filter(a -> !byKeyOnly(target, a)).toList();
    if (!unsupported.isEmpty()) {
      report(
          Diagnostic.UNSUPPORTED_MODULE,
          site,
          quoted(target),
          places(unsupported),
          settings.kind().title(),
          settings.kind().layersDo(),
          candidates.meant(target, true));
      return;
    }
    List<Answer> attached = with(here, Outcome.ATTACH);
    if (!attached.isEmpty()) {
      checkExcludedSubtrees(target, site, attached);
      if (attached.stream().allMatch(a -> byKeyOnly(target, a))) {
        report(
            Diagnostic.ONLY_AT_RUN_TIME,
            site,
            model(),
            shown,
            "the keys of " + templates(attached),
            candidates.meant(target, false));
      }
      return;
    }
    List<Answer> excluded = with(here, Outcome.EXCLUDED);
    List<Answer> saved = new ArrayList<>(with(here, Outcome.IN_SAVED));
    saved.addAll(with(here, Outcome.BARRED));
    saved.addAll(with(here, Outcome.SAVE));
    List<Answer> elsewhere = with(here, Outcome.OTHER_LAYER);
    List<Answer> containers = here.stream().filter(a -> !a.place().isModule()).toList();
    if (!elsewhere.isEmpty()) {
      report(
          Diagnostic.LAYERS_MATCH_NOTHING,
          settings.site("layers"),
          quoted(target),
          settings.layers(),
          layersHint(elsewhere.get(0)));
    } else if (!excluded.isEmpty()) {
      String how =
          "names only modules that exclude leaves out: %s by \"%s\". Leave out one of the two"
              .formatted(templates(excluded), excluded.get(0).by());
      report(Diagnostic.TARGET_EXCLUDED, site, quoted(target), how);
    } else if (!saved.isEmpty()) {
      report(Diagnostic.TARGET_SAVED, site, quoted(target), saved.get(0).by());
    } else if (!containers.isEmpty() && opaque.isEmpty()) {
      report(
          Diagnostic.UNSUPPORTED_MODULE,
          site,
          quoted(target),
          places(containers),
          settings.kind().title(),
          settings.kind().layersDo(),
          candidates.meant(target, true));
    } else if (!opaque.isEmpty()) {
      if (reachesInto(target)) {
        return;
      }
      report(
          Diagnostic.ONLY_AT_RUN_TIME,
          site,
          model(),
          shown,
          opaqueNames(),
          candidates.meant(target, false));
    } else {
      Diagnostic kind =
          othersFound ? Diagnostic.TARGET_PARTLY_UNMATCHED : Diagnostic.NO_SUCH_TARGET;
      report(kind, site, model(), shown, candidates.meant(target, true));
    }
  }

  /**
   * Returns whether a target names a module that is searched at run time and goes on from there, as
   * {@code mlp.0} does.
   */
  private boolean reachesInto(String target) {
    int dot = target.lastIndexOf('.');
    while (dot > 0) {
      String into = target.substring(0, dot);
      if (opaque.stream()
          .flatMap(place -> matching.of(place).stream())
          .anyMatch(a -> Names.names(into, a.path()))) {
        return true;
      }
      dot = target.lastIndexOf('.', dot - 1);
    }
    return false;
  }

  /** Returns whether a name fits nothing but keys of maps, which are not known yet. */
  private boolean byKeyOnly(String name, Answer answer) {
    if (settings.hasRegex() || !answer.place().inMap()) {
      return false;
    }
    List<String> template = List.of(answer.place().template().split("\\.", -1));
    int named = name.split("\\.", -1).length;
    return template.subList(Math.max(0, template.size() - named), template.size()).stream()
        .allMatch(Node.ELEMENT::equals);
  }

  /** Reports an exclude of a module that holds targets: those may have been meant, too. */
  private void checkExcludedSubtrees(String target, Site site, List<Answer> attached) {
    for (Answer answer : attached) {
      for (Place above = answer.place().parent();
          above != null && above.parent() != null;
          above = above.parent()) {
        String path = above.path(answer.at());
        String by = matching.matcher().excludedBy(path);
        if (by != null) {
          String below = below(above, path, by);
          String how =
              ("names %s inside %s, which exclude names (\"%s\"); but exclude leaves out just the"
                      + " modules that it names. To leave out what is in it write excludeRegex ="
                      + " \"%s\", to keep the adapter leave out this exclude")
                  .formatted(answer.place().template(), above.template(), by, below);
          report(Diagnostic.TARGET_EXCLUDED, site, quoted(target), how);
          return;
        }
      }
    }
  }

  /** Returns the expression for all that is in a module, as Java writes it. */
  private static String below(Place module, String path, String excludedBy) {
    boolean oneIndex = excludedBy.chars().anyMatch(Character::isDigit);
    String dotted = (oneIndex ? path : module.template()).replace(".", "\\\\.");
    return dotted.replace(Node.ELEMENT, "[^.]+") + "\\\\..*";
  }

  private String layersHint(Answer answer) {
    Place list = answer.place();
    while (list != null && list.node().kind() != Kind.LIST && list.node().kind() != Kind.MAP) {
      list = list.parent();
    }
    if (list == null) {
      return "%s is not in a list.".formatted(answer.place().template());
    }
    boolean top = list.parent() != null && list.parent().parent() == null;
    return settings.layersPattern().isEmpty() && top
        ? "Without a pattern, layers are counted only in lists below another module, so write layersPattern = \"%s\"."
            .formatted(list.node().name())
        : "It is in %s.".formatted(list.template());
  }

  private void checkTokens() {
    for (PeftSettings.Tokens tokens : settings.tokens()) {
      String name = tokens.embedding();
      if (name.isEmpty()) {
        continue; // found at run time
      }
      Site site = tokens.site("embedding");
      List<Answer> named = all.stream().filter(a -> Names.names(name, a.path())).toList();
      List<Answer> wrong = with(named, Outcome.UNSUPPORTED);
      if (!wrong.isEmpty()) {
        report(
            Diagnostic.UNSUPPORTED_MODULE,
            site,
            quoted(name),
            places(wrong),
            settings.kind().title(),
            settings.kind().layersDo(),
            candidates.meant(name, true));
        continue;
      }
      List<Answer> attached = with(named, Outcome.ATTACH);
      List<Answer> targets = attached.stream().filter(a -> !a.by().isEmpty()).toList();
      if (!targets.isEmpty()) {
        report(Diagnostic.TOKENS_IN_TARGET, site, templates(targets), name);
      } else if (attached.isEmpty() && opaque.isEmpty()) {
        report(Diagnostic.NO_SUCH_EMBEDDING, site, model(), name, candidates.meant(name, false));
      }
    }
  }

  private void checkExclude() {
    if (!opaque.isEmpty()) {
      return;
    }
    for (int i = 0; i < settings.exclude().size(); i++) {
      String name = settings.exclude().get(i);
      if (all.stream().noneMatch(a -> Names.names(name, a.path()))) {
        report(
            Diagnostic.EXCLUDES_NOTHING,
            settings.site("exclude", i),
            model(),
            name,
            candidates.meantModule(name));
      }
    }
    String regex = settings.excludeRegex();
    if (!regex.isEmpty()
        && all.stream().noneMatch(a -> matching.matcher().excludedBy(a.path()) != null)) {
      report(Diagnostic.EXCLUDES_NOTHING, settings.site("excludeRegex"), model(), regex, "");
    }
  }

  private void checkSaved() {
    for (int i = 0; i < settings.modulesToSave().size(); i++) {
      String name = settings.modulesToSave().get(i);
      Site site = settings.site("modulesToSave", i);
      List<Answer> named =
          all.stream().filter(a -> Names.names(name, a.path()) && !byKeyOnly(name, a)).toList();
      if (named.stream().anyMatch(a -> a.place().isModule())) {
        continue;
      }
      String shown = "\"%s\" to save".formatted(name);
      if (!named.isEmpty()) {
        Place place = named.get(0).place();
        String hint =
            "%s is a %s: name the modules in it.".formatted(place.template(), place.node().type());
        report(Diagnostic.SAVES_NOTHING, site, model(), name, hint);
      } else if (!opaque.isEmpty() || all.stream().anyMatch(a -> Names.names(name, a.path()))) {
        report(
            Diagnostic.ONLY_AT_RUN_TIME,
            site,
            model(),
            shown,
            opaqueNames(),
            candidates.meantModule(name));
      } else {
        report(Diagnostic.SAVES_NOTHING, site, model(), name, candidates.meantModule(name));
      }
    }
  }

  private void checkAdapterName() {
    all.stream()
        .filter(a -> a.outcome() == Outcome.ATTACH || a.outcome() == Outcome.SAVE)
        .map(Answer::path)
        .filter(path -> List.of(path.split("\\.", -1)).contains(settings.adapter()))
        .findFirst()
        .ifPresent(
            path ->
                report(
                    Diagnostic.ADAPTER_IS_SEGMENT,
                    settings.site("adapter"),
                    settings.adapter(),
                    path));
  }

  private static List<Answer> with(List<Answer> answers, Outcome outcome) {
    return answers.stream().filter(a -> a.outcome() == outcome).toList();
  }

  private String model() {
    return root.node().type();
  }

  private String opaqueNames() {
    return root.all().stream()
        .filter(place -> opaque.contains(place) || place.node().kind() == Kind.MAP)
        .map(Place::toString)
        .collect(Collectors.joining(", "));
  }

  private static String quoted(String name) {
    return '"' + name + '"';
  }

  private static String places(List<Answer> answers) {
    return distinct(answers, Place::toString);
  }

  private static String templates(List<Answer> answers) {
    return distinct(answers, Place::template);
  }

  private static String distinct(
      List<Answer> answers, java.util.function.Function<Place, String> shown) {
    Set<String> texts =
        answers.stream()
            .map(a -> shown.apply(a.place()))
            .collect(Collectors.toCollection(LinkedHashSet::new));
    String more =
        texts.size() > MAX_SHOWN ? " and %d more".formatted(texts.size() - MAX_SHOWN) : "";
    return texts.stream().limit(MAX_SHOWN).collect(Collectors.joining(", ", "", more));
  }

  private void report(Diagnostic diagnostic, Site site, @Nullable Object... details) {
    problems.accept(Problem.of(diagnostic, site, details));
  }
}
