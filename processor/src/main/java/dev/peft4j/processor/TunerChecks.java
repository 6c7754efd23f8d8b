package dev.peft4j.processor;

import dev.peft4j.target.SettingNames;
import dev.peft4j.target.Suggestions;
import dev.peft4j.target.TargetSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** The check that the members of an annotation fit the tuner that it asks for. */
final class TunerChecks {
  private final PeftSettings settings;
  private final Consumer<Problem> problems;

  TunerChecks(PeftSettings settings, Consumer<Problem> problems) {
    this.settings = settings;
    this.problems = problems;
  }

  void check() {
    if (!settings.kind().named(settings.tuner())) {
      List<String> names = new ArrayList<>(List.of(settings.annotation().peftType()));
      settings.others().forEach(t -> names.add(t.peftType()));
      String known =
          Suggestions.didYouMean(settings.tuner(), names)
              + " There are: "
              + String.join(", ", names)
              + ".";
      report(
          Diagnostic.UNKNOWN_TUNER,
          settings.site(SettingNames.TUNER),
          settings.tuner(),
          known.strip());
      return;
    }
    for (String member : settings.written().stream().sorted().toList()) {
      if (!SettingNames.common(member) || member.startsWith("layers")) {
        owner(member).ifPresent(owner -> misplaced(member, owner));
      }
    }
    settings.targetNames().forEach(this::checkTargets);
  }

  /** Returns the tuner that a member is of, if it is not the one that is asked for. */
  private Optional<TunerMirror> owner(String member) {
    if (settings.kind().has(member)) {
      return Optional.empty();
    }
    return settings.annotation().has(member)
        ? Optional.of(settings.annotation())
        : settings.others().stream().filter(t -> t.has(member)).findFirst();
  }

  private void misplaced(String member, TunerMirror owner) {
    report(
        Diagnostic.MEMBER_OF_OTHER_TUNER,
        settings.site(member),
        member,
        owner.title(),
        settings.kind().title(),
        settings.written().contains(SettingNames.TUNER)
            ? ""
            : ", or write tuner = \"%s\"".formatted(owner.peftType()));
  }

  /** Checks that names of some of the targets are written as in the list of targets. */
  private void checkTargets(PeftSettings.TargetNames some) {
    boolean list = !settings.allLinear() && !settings.hasRegex();
    if (!list || settings.target().isEmpty()) {
      return;
    }
    for (int i = 0; i < some.names().size(); i++) {
      String name = some.names().get(i);
      boolean regex = name.startsWith(TargetSpec.REGEX_PREFIX);
      if (!name.isBlank() && !regex && !settings.target().contains(name)) {
        report(
            Diagnostic.NOT_A_TARGET,
            settings.site(some.member(), i),
            some.member(),
            name,
            Suggestions.didYouMean(name, settings.target()));
      }
    }
  }

  private void report(Diagnostic diagnostic, Site site, Object... details) {
    problems.accept(Problem.of(diagnostic, site, details));
  }
}
