package dev.peft4j.processor;

import dev.peft4j.processor.Matching.Answer;
import dev.peft4j.target.PatternKeys;
import dev.peft4j.target.TargetMatcher;
import dev.peft4j.target.TargetSpec;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.PatternSyntaxException;

/** The check that the layers for which a configuration has separate values exist. */
final class KeyChecks {
  private final PeftSettings settings;
  private final List<Answer> attached;
  private final Candidates candidates;
  private final Consumer<Problem> problems;

  /**
   * @param attached all layers that get an adapter
   */
  KeyChecks(
      PeftSettings settings,
      List<Answer> attached,
      Candidates candidates,
      Consumer<Problem> problems) {
    this.settings = settings;
    this.attached = attached;
    this.candidates = candidates;
    this.problems = problems;
  }

  void check() {
    for (PeftSettings.Key key : settings.keys()) {
      PatternKeys keys;
      try {
        keys = new PatternKeys(List.of(key.text()));
      } catch (PatternSyntaxException e) {
        continue; // reported with the other expressions
      }
      if (attached.stream().allMatch(a -> keys.first(a.path()) == null)) {
        report(key.site(), key.member(), key.text());
      }
    }
    settings.targetNames().forEach(this::checkTargets);
  }

  /** Checks names of targets, unless they are entries of a list, which is checked elsewhere. */
  private void checkTargets(PeftSettings.TargetNames some) {
    String regex = some.regex();
    if (!regex.isEmpty()) {
      var matcher = new TargetMatcher(TargetSpec.builder().targetRegex(regex).build());
      // of the indices in lists and the keys of maps only samples are known
      if (attached.stream()
          .allMatch(a -> a.at().isEmpty() && matcher.namedBy(a.path(), false) == null)) {
        report(settings.site(some), some.member(), regex);
      }
    } else if (settings.allLinear() || settings.hasRegex()) {
      for (int i = 0; i < some.names().size(); i++) {
        String name = some.names().get(i);
        if (attached.stream().noneMatch(a -> a.path().endsWith(name))) {
          report(settings.site(some.member(), i), some.member(), name);
        }
      }
    }
  }

  private void report(Site site, String member, String key) {
    problems.accept(
        Problem.of(
            Diagnostic.KEY_MATCHES_NOTHING, site, member, key, candidates.meant(key, false)));
  }
}
