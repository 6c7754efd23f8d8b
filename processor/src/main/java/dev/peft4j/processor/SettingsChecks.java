package dev.peft4j.processor;

import dev.peft4j.target.PatternKeys;
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

/** Checks the values of {@code @Peft} that need no look at the model. */
final class SettingsChecks {
  private final String model;
  private final Function<AnnotatedTuner, String> candidates;
  private final Consumer<Problem> problems;

  /**
   * @param model the class's name
   * @param candidates the sentence that lists the layers that a tuner adapts
   */
  SettingsChecks(
      String model, Function<AnnotatedTuner, String> candidates, Consumer<Problem> problems) {
    this.model = model;
    this.candidates = candidates;
    this.problems = problems;
  }

  /** Returns whether the targets can be matched. */
  boolean check(PeftSettings s) {
    new TunerChecks(s, problems).check();
    if (s.kind() == AnnotatedTuner.LORA) {
      checkNumbers(s);
      checkStart(s);
      checkTokens(s);
    }
    checkNames(s);
    return checkTargets(s);
  }

  /** What the adapters of one model must not have in common. */
  void checkTogether(List<PeftSettings> all) {
    for (int i = 0; i < all.size(); i++) {
      PeftSettings s = all.get(i);
      for (PeftSettings before : all.subList(0, i)) {
        if (before.adapter().equals(s.adapter())) {
          report(Diagnostic.DUPLICATE_ADAPTER, s.site("adapter"), model, s.adapter());
          break;
        }
      }
      PeftSettings first = all.get(0);
      if (s.kind() != first.kind()) {
        report(
            Diagnostic.TWO_TUNERS,
            s.site("tuner"),
            first.adapter(),
            s.adapter(),
            first.kind().title(),
            s.kind().title());
      }
      for (PeftSettings before : all.subList(0, i)) {
        if (!before.bias().equals("NONE") && !s.bias().equals("NONE")) {
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

  private void checkNumbers(PeftSettings s) {
    if (s.r() < 1) {
      report(Diagnostic.BAD_RANK, s.site("r"), s.r());
    }
    if (!positive(s.alpha())) {
      report(Diagnostic.BAD_ALPHA, s.site("alpha"), s.alpha());
    }
    if (!(s.dropout() >= 0 && s.dropout() < 1)) {
      report(Diagnostic.BAD_DROPOUT, s.site("dropout"), s.dropout());
    }
    for (int i = 0; i < s.rankPattern().size(); i++) {
      if (s.rankPattern().get(i).value() < 1) {
        report(
            Diagnostic.BAD_RANK,
            inner(s, "rankPattern", i, "r"),
            (int) s.rankPattern().get(i).value());
      }
    }
    for (int i = 0; i < s.alphaPattern().size(); i++) {
      if (!positive(s.alphaPattern().get(i).value())) {
        report(
            Diagnostic.BAD_ALPHA,
            inner(s, "alphaPattern", i, "alpha"),
            s.alphaPattern().get(i).value());
      }
    }
    for (int i = 0; i < s.layers().size(); i++) {
      if (s.layers().get(i) < 0) {
        report(Diagnostic.BAD_LAYER, s.site("layers", i), s.layers().get(i));
      }
    }
  }

  private void checkStart(PeftSettings s) {
    boolean orthogonal = s.init().equals("ORTHOGONAL");
    if (orthogonal && s.rankPattern().isEmpty() && s.r() % 2 != 0) {
      startsBadly(
          s.site("r"),
          "init = ORTHOGONAL needs an even rank but r is " + s.r(),
          "Write an even one");
    }
    for (int i = 0; orthogonal && i < s.rankPattern().size(); i++) {
      int rank = (int) s.rankPattern().get(i).value();
      if (rank % 2 != 0) {
        startsBadly(
            inner(s, "rankPattern", i, "r"),
            "init = ORTHOGONAL needs an even rank but r is " + rank,
            "Write an even one");
      }
    }
    if (s.pissaIterations() < -1) {
      startsBadly(
          s.site("pissaIterations"),
          "pissaIterations is " + s.pissaIterations(),
          "Write at least 0, or -1 for an exact start");
    } else if (s.pissaIterations() >= 0 && !s.init().equals("PISSA")) {
      startsBadly(
          s.site("pissaIterations"),
          "pissaIterations goes with init = PISSA, not with " + s.init(),
          "Leave one of them out");
    }
    if (s.loraBias() && s.dora()) {
      startsBadly(
          s.site("loraBias"), "loraBias and dora do not go together", "Leave one of them out");
    }
    if (s.loraBias() && !s.init().equals("DEFAULT") && !s.init().equals("RANDOM")) {
      startsBadly(
          s.site("loraBias"),
          "loraBias goes with init = DEFAULT or RANDOM, not with " + s.init(),
          "Leave one of them out");
    }
  }

  private void startsBadly(Site site, String what, String mend) {
    report(Diagnostic.BAD_START, site, what, mend);
  }

  private void checkTokens(PeftSettings s) {
    Set<String> embeddings = new HashSet<>();
    for (int i = 0; i < s.trainableTokens().size(); i++) {
      PeftSettings.Tokens tokens = s.trainableTokens().get(i);
      if (!embeddings.add(tokens.embedding())) {
        report(
            Diagnostic.DUPLICATE_KEY,
            inner(s, "trainableTokens", i, "embedding"),
            "trainableTokens",
            tokens.embedding());
      }
      if (s.trainableTokens().size() > 1 && tokens.embedding().isEmpty()) {
        report(
            Diagnostic.BAD_TOKENS,
            inner(s, "trainableTokens", i, "embedding"),
            "has several entries, so each has to say in which embedding");
      }
      Site ids = inner(s, "trainableTokens", i, "ids");
      Set<Integer> seen = new HashSet<>();
      if (tokens.ids().isEmpty()) {
        report(Diagnostic.BAD_TOKENS, ids, "has no id");
      }
      for (int id : tokens.ids()) {
        if (id < 0) {
          report(Diagnostic.BAD_TOKENS, ids, "has the id " + id);
        } else if (!seen.add(id)) {
          report(Diagnostic.BAD_TOKENS, ids, "has the id " + id + " twice");
        }
      }
    }
  }

  private static boolean positive(double value) {
    return value > 0 && Double.isFinite(value);
  }

  private static Site inner(PeftSettings s, String member, int index, String inner) {
    return new Site(s.index(), member, index, inner);
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
    checkKeys(s, "rankPattern", s.rankPattern());
    checkKeys(s, "alphaPattern", s.alphaPattern());
  }

  private void checkKeys(PeftSettings s, String member, List<PeftSettings.Pattern> patterns) {
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < patterns.size(); i++) {
      String key = patterns.get(i).key();
      if (key.isBlank()) {
        report(Diagnostic.EMPTY_NAME, inner(s, member, i, "key"), member);
      } else if (!seen.add(key)) {
        report(Diagnostic.DUPLICATE_KEY, inner(s, member, i, "key"), member, key);
      }
      compiles(key, inner(s, member, i, "key"), () -> new PatternKeys(List.of(key)));
    }
  }

  private boolean checkTargets(PeftSettings s) {
    boolean good = true;
    if (s.target().isEmpty() && s.targetRegex().isEmpty()) {
      report(Diagnostic.NO_TARGET, Site.annotation(s.index()), candidates.apply(s.kind()));
      good = false;
    }
    if (!s.target().isEmpty() && !s.targetRegex().isEmpty()) {
      report(Diagnostic.TWO_WAYS, s.site("targetRegex"), "Both target and targetRegex are given");
      good = false;
    }
    if (!s.feedforward().isEmpty() && !s.feedforwardRegex().isEmpty()) {
      report(
          Diagnostic.TWO_WAYS,
          s.site("feedforwardRegex"),
          "Both feedforward and feedforwardRegex are given");
      good = false;
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
    good &= noneEmpty(s, "feedforward", s.feedforward());
    for (int i = 0; s.feedforward().size() > 1 && i < s.feedforward().size(); i++) {
      if (s.feedforward().get(i).startsWith(TargetSpec.REGEX_PREFIX)) {
        String message =
            "\"%s\" stands beside other names, but has to be the only one"
                .formatted(s.feedforward().get(i));
        report(Diagnostic.TWO_WAYS, s.site("feedforward", i), message);
        good = false;
      }
    }
    for (int i = 0; s.target().size() > 1 && i < s.target().size(); i++) {
      String target = s.target().get(i);
      if (target.startsWith(TargetSpec.REGEX_PREFIX)
          || target.toLowerCase(Locale.ROOT).equals(TargetSpec.ALL_LINEAR)) {
        String message =
            "\"%s\" stands beside other targets, but has to be the only one".formatted(target);
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
    if (!s.feedforwardPattern().isEmpty()) {
      var spec = TargetSpec.builder().targetRegex(s.feedforwardPattern());
      good &=
          compiles(
              s.feedforwardPattern(), s.feedforwardSite(), () -> new TargetMatcher(spec.build()));
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
