package dev.peft4j.processor;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The checks of the values of a tuner's settings by what its annotation says about them. */
final class ValueChecks {
  private final PeftSettings settings;
  private final Consumer<Problem> problems;

  ValueChecks(PeftSettings settings, Consumer<Problem> problems) {
    this.settings = settings;
    this.problems = problems;
  }

  void check() {
    for (Member member : settings.kind().settings()) {
      if (settings.set(member)) {
        checkRange(member);
        checkChoice(member);
        checkCompany(member);
      }
      checkEven(member);
    }
    List<Integer> layers = settings.kind().has("layers") ? settings.layers() : List.of();
    for (int i = 0; i < layers.size(); i++) {
      if (layers.get(i) < 0) {
        report(Diagnostic.BAD_LAYER, settings.site("layers", i), layers.get(i));
      }
    }
    checkTokens();
  }

  private void checkRange(Member member) {
    List<Value> elements = settings.value(member.name()).elements();
    if (elements.isEmpty()) { // and not the default
      report(
          Diagnostic.BAD_SETTING,
          settings.site(member.name()),
          member.name() + " has no element",
          "Write at least one");
    }
    for (int i = 0; i < elements.size(); i++) {
      if (elements.get(i) instanceof Value.Entry entry) {
        for (Map.Entry<String, Value> e : entry.values().entrySet()) {
          Member inner = member.inner().get(e.getKey());
          Site site = new Site(settings.index(), member.name(), i, e.getKey());
          if (inner != null) {
            e.getValue().elements().forEach(v -> checkRange(inner, v, member.usual(), site));
          }
        }
      } else {
        Site site = member.array() ? settings.site(member.name(), i) : settings.site(member.name());
        checkRange(member, elements.get(i), member.usual(), site);
      }
    }
  }

  private void checkRange(Member member, Value value, Value usual, Site site) {
    if (!(value instanceof Value.Num n) || member.range().holds(n.number().doubleValue())) {
      return;
    }
    switch (member.name()) { // those that many tuners have, in words of their own
      case "r" -> report(Diagnostic.BAD_RANK, site, n.number().intValue());
      case "alpha" -> report(Diagnostic.BAD_ALPHA, site, n.shown());
      case "dropout" -> report(Diagnostic.BAD_DROPOUT, site, n.shown());
      default -> {
        String words = member.range().words();
        boolean outside =
            usual instanceof Value.Num u && !member.range().holds(u.number().doubleValue());
        report(
            Diagnostic.BAD_SETTING,
            site,
            member.name() + " is " + n.shown(),
            "Write "
                + (words.isEmpty() ? "a finite number" : words)
                + (outside ? ", or " + usual.shown() + ", the default" : ""));
      }
    }
  }

  private void checkChoice(Member member) {
    List<Value> elements = settings.value(member.name()).elements();
    for (int i = 0; i < elements.size(); i++) {
      if (elements.get(i) instanceof Value.Entry entry) {
        checkChoices(member, entry, i);
        continue;
      }
      String value = elements.get(i).shown();
      if (member.oneOf().isEmpty() || member.oneOf().contains(value)) {
        continue;
      }
      String title = settings.kind().title();
      boolean ofOther = settings.annotation() != settings.kind();
      report(
          Diagnostic.BAD_SETTING,
          member.array() ? settings.site(member.name(), i) : settings.site(member.name()),
          "%s = %s is %s"
              .formatted(
                  member.name(),
                  value,
                  ofOther
                      ? (member.name().equals("init") ? "a start of " : "a value of ")
                          + settings.annotation().title()
                      : "not one of " + title + "'s"),
          title + " has " + either(member.oneOf(), " and "));
    }
  }

  /** Checks the values in an annotation that is an entry of a setting. */
  private void checkChoices(Member member, Value.Entry entry, int at) {
    entry
        .values()
        .forEach(
            (name, value) -> {
              Member inner = member.inner().get(name);
              if (inner != null
                  && !inner.oneOf().isEmpty()
                  && !inner.oneOf().contains(value.shown())) {
                report(
                    Diagnostic.BAD_SETTING,
                    new Site(settings.index(), member.name(), at, name),
                    member.name() + "'s " + name + " is " + value.shown(),
                    "Write one of " + either(inner.oneOf(), " or "));
              }
            });
  }

  private static String either(List<String> values, String last) {
    int n = values.size() - 1;
    return n < 1
        ? String.join("", values)
        : String.join(", ", values.subList(0, n)) + last + values.get(n);
  }

  /** Checks the values that other settings must have beside this one. */
  private void checkCompany(Member member) {
    for (String condition : member.goesWith()) {
      int equals = condition.indexOf('=');
      String other = condition.substring(0, equals);
      List<String> allowed = List.of(condition.substring(equals + 1).split("\\|", -1));
      String found = settings.value(other).shown();
      if (allowed.contains(found)) {
        continue;
      }
      report(
          Diagnostic.BAD_SETTING,
          settings.site(member.name()),
          allowed.equals(List.of("false"))
              ? member.name() + " and " + other + " do not go together"
              : "%s goes with %s = %s, not with %s"
                  .formatted(member.name(), other, either(allowed, " or "), found),
          "Leave one of them out");
    }
  }

  /**
   * Checks numbers that have to be even; where there is a pattern of them, those in the pattern.
   */
  private void checkEven(Member member) {
    int equals = member.evenWith().indexOf('=');
    if (equals < 0) {
      return;
    }
    String other = member.evenWith().substring(0, equals);
    String value = member.evenWith().substring(equals + 1);
    if (!settings.value(other).shown().equals(value)) {
      return;
    }
    boolean patterned = false;
    for (Member pattern : settings.kind().settings()) {
      if (!pattern.inner().containsKey(member.name())) {
        continue;
      }
      List<Value> entries = settings.value(pattern.name()).elements();
      for (int i = 0; i < entries.size(); i++) {
        if (entries.get(i) instanceof Value.Entry entry) {
          patterned = true;
          Site site = new Site(settings.index(), pattern.name(), i, member.name());
          checkEven(member, entry.values().get(member.name()), site);
        }
      }
    }
    if (!patterned) {
      checkEven(member, settings.value(member.name()), settings.site(member.name()));
    }
  }

  private void checkEven(Member member, @Nullable Value value, Site site) {
    if (value instanceof Value.Num n && n.number().intValue() % 2 != 0) {
      String what = member.name().equals("r") ? "an even rank" : "an even number";
      report(
          Diagnostic.BAD_SETTING,
          site,
          "%s needs %s but %s is %s"
              .formatted(member.evenWith().replace("=", " = "), what, member.name(), n.shown()),
          "Write an even one");
    }
  }

  private void checkTokens() {
    Set<String> embeddings = new HashSet<>();
    List<PeftSettings.Tokens> all = settings.tokens();
    for (PeftSettings.Tokens tokens : all) {
      if (!embeddings.add(tokens.embedding())) {
        report(
            Diagnostic.DUPLICATE_KEY,
            tokens.site("embedding"),
            tokens.member(),
            tokens.embedding());
      }
      if (all.size() > 1 && tokens.embedding().isEmpty()) {
        report(
            Diagnostic.BAD_TOKENS,
            tokens.site("embedding"),
            "has several entries, so each has to say in which embedding");
      }
      Site ids = tokens.site("ids");
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

  private void report(Diagnostic diagnostic, Site site, Object... details) {
    problems.accept(Problem.of(diagnostic, site, details));
  }
}
