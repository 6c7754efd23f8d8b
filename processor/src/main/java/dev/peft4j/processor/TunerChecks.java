package dev.peft4j.processor;

import dev.peft4j.target.Suggestions;
import dev.peft4j.target.TargetSpec;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Checks that the members of {@code @Peft} fit the tuner. */
final class TunerChecks {
  private static final List<String> IA3_STARTS = List.of("DEFAULT", "RANDOM");

  private final PeftSettings settings;
  private final Consumer<Problem> problems;

  TunerChecks(PeftSettings settings, Consumer<Problem> problems) {
    this.settings = settings;
    this.problems = problems;
  }

  void check() {
    if (AnnotatedTuner.named(settings.tuner()).isEmpty()) {
      String known =
          Suggestions.didYouMean(settings.tuner(), AnnotatedTuner.names())
              + " There are: "
              + String.join(", ", AnnotatedTuner.names())
              + ".";
      report(Diagnostic.UNKNOWN_TUNER, settings.site("tuner"), settings.tuner(), known.strip());
      return;
    }
    AnnotatedTuner tuner = settings.kind();
    for (String member : settings.written().stream().sorted().toList()) {
      Optional<AnnotatedTuner> owner = AnnotatedTuner.owner(member);
      if (owner.isPresent() && owner.get() != tuner) {
        report(
            Diagnostic.MEMBER_OF_OTHER_TUNER,
            settings.site(member),
            member,
            owner.get().title(),
            tuner.title(),
            settings.written().contains("tuner")
                ? ""
                : ", or write tuner = \"%s\"".formatted(owner.get()));
      }
    }
    if (tuner == AnnotatedTuner.IA3) {
      checkIa3();
    }
  }

  private void checkIa3() {
    if (!IA3_STARTS.contains(settings.init())) {
      report(
          Diagnostic.BAD_START,
          settings.site("init"),
          "init = " + settings.init() + " is a start of LoRA",
          "IA3 has DEFAULT (ones) and RANDOM");
    }
    boolean list = !settings.allLinear() && !settings.hasRegex();
    if (!list || settings.target().isEmpty()) {
      return;
    }
    for (int i = 0; i < settings.feedforward().size(); i++) {
      String name = settings.feedforward().get(i);
      boolean regex = name.startsWith(TargetSpec.REGEX_PREFIX);
      if (!name.isBlank() && !regex && !settings.target().contains(name)) {
        report(
            Diagnostic.FEEDFORWARD_NOT_TARGET,
            settings.site("feedforward", i),
            name,
            Suggestions.didYouMean(name, settings.target()));
      }
    }
  }

  private void report(Diagnostic diagnostic, Site site, Object... details) {
    problems.accept(Problem.of(diagnostic, site, details));
  }
}
