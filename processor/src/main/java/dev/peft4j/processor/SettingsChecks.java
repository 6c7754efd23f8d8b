package dev.peft4j.processor;

import dev.peft4j.target.PatternKeys;
import dev.peft4j.target.SettingNames;
import dev.peft4j.target.Suggestions;
import dev.peft4j.target.TargetMatcher;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.target.TaskTypes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.PatternSyntaxException;

/** The checks of an annotation's values that do not need the model. */
final class SettingsChecks {
  private final String model;
  private final Function<TunerMirror, String> candidates;
  private final Consumer<Problem> problems;

  /**
   * @param model the class's name
   * @param candidates the sentence that lists the layers that a tuner adapts
   */
  SettingsChecks(
      String model, Function<TunerMirror, String> candidates, Consumer<Problem> problems) {
    this.model = model;
    this.candidates = candidates;
    this.problems = problems;
  }

  /** Returns whether the targets can be matched. */
  boolean check(PeftSettings s) {
    new TunerChecks(s, problems).check();
    new ValueChecks(s, problems).check();
    checkNames(s);
    return checkTargets(s);
  }

  /** Checks that the adapters of one model do not contradict each other. */
  void checkTogether(List<PeftSettings> all) {
    for (int i = 0; i < all.size(); i++) {
      PeftSettings s = all.get(i);
      for (PeftSettings before : all.subList(0, i)) {
        if (before.adapter().equals(s.adapter())) {
          report(Diagnostic.DUPLICATE_ADAPTER, s.site("adapter"), model, s.adapter(), s.at());
          break;
        }
      }
      PeftSettings first = all.get(0);
      if (!s.kind().equals(first.kind())) {
        report(
            Diagnostic.TWO_TUNERS,
            s.annotation().has(SettingNames.TUNER)
                ? s.site(SettingNames.TUNER)
                : Site.annotation(i),
            first.adapter(),
            s.adapter(),
            first.kind().title(),
            s.kind().title());
      }
      for (PeftSettings before : all.subList(0, i)) {
        if (trainsBiases(before) && trainsBiases(s)) {
          report(Diagnostic.TWO_BIASES, s.site("bias"), before.adapter(), s.adapter());
          break;
        }
      }
      for (PeftSettings before : all.subList(0, i)) {
        if (!before.className().isEmpty()
            && !s.className().isEmpty()
            && !before.className().equals(s.className())) {
          report(
              Diagnostic.TWO_CLASS_NAMES, s.site("className"), before.className(), s.className());
          break;
        }
      }
    }
  }

  private static boolean trainsBiases(PeftSettings s) {
    Member bias = s.kind().members().get("bias");
    return bias != null && s.kind().has("bias") && s.set(bias);
  }

  private void checkNames(PeftSettings s) {
    String name = s.adapter();
    String wrong =
        name.isBlank()
            ? "is empty"
            : name.chars().anyMatch(c -> c == '.' || c == '/' || c == '\\')
                ? "has a dot or a slash, which would split its path or folder"
                : name.chars().anyMatch(Character::isWhitespace)
                        || name.chars().anyMatch(Character::isISOControl)
                    ? "has white space"
                    : "";
    if (!wrong.isEmpty()) {
      report(Diagnostic.BAD_ADAPTER_NAME, s.site("adapter"), name, wrong);
    }
    if (!s.taskType().isEmpty() && !TaskTypes.all().contains(s.taskType())) {
      report(
          Diagnostic.UNKNOWN_TASK,
          s.site("taskType"),
          s.taskType(),
          (Suggestions.didYouMean(s.taskType(), TaskTypes.all())
                  + " There are: "
                  + String.join(", ", TaskTypes.all())
                  + ".")
              .strip());
    }
    checkKeys(s);
  }

  private void checkKeys(PeftSettings s) {
    Set<String> seen = new HashSet<>();
    for (PeftSettings.Key key : s.keys()) {
      if (key.text().isBlank()) {
        report(Diagnostic.EMPTY_NAME, key.site(), key.member());
      } else if (!seen.add(key.member() + " " + key.text())) {
        report(Diagnostic.DUPLICATE_KEY, key.site(), key.member(), key.text());
      }
      compiles(key.text(), key.site(), () -> new PatternKeys(List.of(key.text())));
    }
  }

  private boolean checkTargets(PeftSettings s) {
    boolean good = true;
    if (s.kind().hasTargets() && s.withoutTarget() && !s.namesParameters()) {
      report(Diagnostic.NO_TARGET, Site.annotation(s.index()), s.at(), candidates.apply(s.kind()));
      good = false;
    }
    if (!s.target().isEmpty() && !s.targetRegex().isEmpty()) {
      report(Diagnostic.TWO_WAYS, s.site("targetRegex"), "Both target and targetRegex are given");
      good = false;
    }
    for (PeftSettings.TargetNames some : s.targetNames()) {
      good &= checkSome(s, some);
    }
    if (!s.exclude().isEmpty() && !s.excludeRegex().isEmpty()) {
      report(
          Diagnostic.TWO_WAYS, s.site("excludeRegex"), "Both exclude and excludeRegex are given");
      good = false;
    }
    good &= noneEmpty(s, "target", s.target());
    good &= noneEmpty(s, "exclude", s.exclude());
    good &= noneEmpty(s, "modulesToSave", s.modulesToSave());
    good &= noneEmpty(s, "layersPattern", s.layersPattern());
    for (int i = 0; s.target().size() > 1 && i < s.target().size(); i++) {
      String target = s.target().get(i);
      if (target.startsWith(TargetSpec.REGEX_PREFIX)
          || target.toLowerCase(Locale.ROOT).equals(TargetSpec.ALL_LINEAR)) {
        String message =
            "\"%s\" is listed with other targets, but has to be the only one".formatted(target);
        report(Diagnostic.TWO_WAYS, s.site("target", i), message);
        good = false;
      }
    }
    boolean list = !s.hasRegex() && !s.allLinear();
    String instead = s.allLinear() ? "\"all-linear\"" : "a regular expression";
    if (!s.layers().isEmpty() && !list) {
      report(Diagnostic.LAYERS_NEED_LIST, s.site("layers"), "layers", instead);
      good = false;
    }
    if (!s.layersPattern().isEmpty() && (s.layers().isEmpty() || !list)) {
      if (list) {
        report(Diagnostic.PATTERN_NEEDS_LAYERS, s.site("layersPattern"));
      } else {
        report(Diagnostic.LAYERS_NEED_LIST, s.site("layersPattern"), "layersPattern", instead);
      }
      good = false;
    }
    return good && checkRegexes(s);
  }

  /** Checks a setting that names some of the targets. */
  private boolean checkSome(PeftSettings s, PeftSettings.TargetNames some) {
    boolean good = true;
    if (!some.names().isEmpty() && !some.regexText().isEmpty()) {
      report(
          Diagnostic.TWO_WAYS,
          s.site(some.regexMember()),
          "Both %s and %s are given".formatted(some.member(), some.regexMember()));
      good = false;
    }
    good &= noneEmpty(s, some.member(), some.names());
    for (int i = 0; some.names().size() > 1 && i < some.names().size(); i++) {
      if (some.names().get(i).startsWith(TargetSpec.REGEX_PREFIX)) {
        String message =
            "\"%s\" is listed with other names, but has to be the only one"
                .formatted(some.names().get(i));
        report(Diagnostic.TWO_WAYS, s.site(some.member(), i), message);
        good = false;
      }
    }
    return good;
  }

  private boolean checkRegexes(PeftSettings s) {
    boolean good = true;
    if (s.hasRegex()) {
      var spec = TargetSpec.builder().targetRegex(s.regex());
      good = compiles(s.regex(), s.targetSite(), () -> new TargetMatcher(spec.build()));
    }
    if (!s.excludeRegex().isEmpty()) {
      var spec = TargetSpec.builder().excludeRegex(s.excludeRegex());
      good &=
          compiles(s.excludeRegex(), s.site("excludeRegex"), () -> new TargetMatcher(spec.build()));
    }
    for (PeftSettings.TargetNames some : s.targetNames()) {
      if (!some.regex().isEmpty()) {
        var spec = TargetSpec.builder().targetRegex(some.regex());
        good &= compiles(some.regex(), s.site(some), () -> new TargetMatcher(spec.build()));
      }
    }
    for (int i = 0; i < s.modulesToSave().size(); i++) {
      var spec = TargetSpec.builder().modulesToSave(s.modulesToSave().get(i));
      good &=
          compiles(
              s.modulesToSave().get(i),
              s.site("modulesToSave", i),
              () -> new TargetMatcher(spec.build()));
    }
    for (int i = 0; i < s.layersPattern().size(); i++) {
      var spec = TargetSpec.builder().layers(0).layersPattern(s.layersPattern().get(i));
      good &=
          compiles(
              s.layersPattern().get(i),
              s.site("layersPattern", i),
              () -> new TargetMatcher(spec.build()));
    }
    return good;
  }

  private boolean compiles(String regex, Site site, Supplier<Object> compiler) {
    try {
      return compiler.get() != null;
    } catch (PatternSyntaxException e) {
      report(Diagnostic.BAD_REGEX, site, regex, e.getDescription().toLowerCase(Locale.ROOT));
      return false;
    }
  }

  private boolean noneEmpty(PeftSettings s, String member, List<String> names) {
    List<Integer> empty = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      if (names.get(i).isBlank() || names.get(i).equals(TargetSpec.REGEX_PREFIX)) {
        empty.add(i);
      }
    }
    empty.forEach(i -> report(Diagnostic.EMPTY_NAME, s.site(member, i), member));
    return empty.isEmpty();
  }

  private void report(Diagnostic diagnostic, Site site, Object... details) {
    problems.accept(Problem.of(diagnostic, site, details));
  }
}
