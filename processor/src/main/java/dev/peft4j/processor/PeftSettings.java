package dev.peft4j.processor;

import dev.peft4j.target.TargetSpec;
import dev.peft4j.target.TaskTypes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One annotation, as written.
 *
 * @param index which of the class's, in the order written
 * @param annotation the tuner that the annotation is of
 * @param kind the tuner that it asks for; that of the annotation if there is none of the name,
 *     which is reported as an error
 * @param others the other tuners that it could ask for
 * @param tuner peft's name of the tuner, as written
 * @param written the members that are written, not left at their defaults
 * @param values the values of all members of the tuner's annotation, by their names
 */
record PeftSettings(
    int index,
    TunerMirror annotation,
    TunerMirror kind,
    List<TunerMirror> others,
    String tuner,
    Set<String> written,
    Map<String, Value> values) {

  private static final String REGEX = "Regex";

  /**
   * Names of targets that a setting has.
   *
   * @param member the setting's name
   * @param names the names
   * @param regexMember the setting for the same as a regular expression
   * @param regexText what that says, or nothing
   */
  record TargetNames(String member, List<String> names, String regexMember, String regexText) {
    /** Returns the regular expression, however it is written, or nothing. */
    String regex() {
      return PeftSettings.regex(names, regexText);
    }
  }

  /**
   * A key that names layers.
   *
   * @param site where it is written
   * @param member the setting's name
   */
  record Key(Site site, String member, String text) {}

  List<String> target() {
    return texts("target");
  }

  String targetRegex() {
    return text("targetRegex");
  }

  List<String> exclude() {
    return texts("exclude");
  }

  String excludeRegex() {
    return text("excludeRegex");
  }

  List<String> modulesToSave() {
    return texts("modulesToSave");
  }

  List<Integer> layers() {
    return integers(values.get("layers"));
  }

  List<String> layersPattern() {
    return texts("layersPattern");
  }

  /** Returns the adapter's name. */
  String adapter() {
    return values.containsKey("adapter") ? text("adapter") : "default";
  }

  String taskType() {
    return text("taskType");
  }

  String className() {
    return text("className");
  }

  /** Returns the annotation as it is written: {@code @Peft}. */
  String at() {
    String name = annotation.annotation();
    return "@" + name.substring(name.lastIndexOf('.') + 1);
  }

  /**
   * Returns the value of a setting; its default, or an empty text if the tuner has none of the
   * name.
   */
  Value value(String member) {
    return values.getOrDefault(member, new Value.Text(""));
  }

  /** Returns whether a setting is not at its default. */
  boolean set(Member member) {
    return !value(member.name()).equals(member.usual());
  }

  /** Returns the entries of the settings that train rows of embeddings. */
  List<Tokens> tokens() {
    List<Tokens> tokens = new ArrayList<>();
    for (Member member : kind.settings()) {
      List<Value> entries = value(member.name()).elements();
      for (int i = 0; i < entries.size(); i++) {
        if (entries.get(i) instanceof Value.Entry e && Tokens.is(e)) {
          tokens.add(
              new Tokens(
                  index, member.name(), i, entry(e, "embedding"), integers(e.values().get("ids"))));
        }
      }
    }
    return tokens;
  }

  /**
   * An entry of a setting that trains rows.
   *
   * @param embedding the embedding's name; empty for the model's input embedding
   * @param ids its rows
   */
  record Tokens(int adapter, String member, int entry, String embedding, List<Integer> ids) {
    static boolean is(Value.Entry entry) {
      return entry.type().canonicalName().equals("dev.peft4j.annotation.TrainableTokens");
    }

    Site site(String inner) {
      return new Site(adapter, member, entry, inner);
    }
  }

  /** Returns the keys that name some of the layers. */
  List<Key> keys() {
    List<Key> keys = new ArrayList<>();
    for (Member member : kind.settings()) {
      List<Value> elements = value(member.name()).elements();
      for (int i = 0; i < elements.size(); i++) {
        if (elements.get(i) instanceof Value.Entry e) {
          for (Member inner : member.inner().values()) {
            if (inner.names() == Member.Names.LAYERS) {
              Site site = new Site(index, member.name(), i, inner.name());
              keys.add(new Key(site, member.name(), entry(e, inner.name())));
            }
          }
        } else if (member.names() == Member.Names.LAYERS
            && elements.get(i) instanceof Value.Text t) {
          keys.add(new Key(site(member.name(), i), member.name(), t.text()));
        }
      }
    }
    return keys;
  }

  /** Returns whether a setting names parameters that are adapted, so that no layer has to be. */
  boolean namesParameters() {
    return kind.settings().stream().anyMatch(m -> m.names() == Member.Names.PARAMETERS && set(m));
  }

  /** Returns whether no layer is targeted in any way. */
  boolean withoutTarget() {
    return target().isEmpty() && targetRegex().isEmpty();
  }

  /** Returns the settings that name some of the targets. */
  List<TargetNames> targetNames() {
    List<TargetNames> all = new ArrayList<>();
    for (Member member : kind.settings()) {
      if (member.names() == Member.Names.TARGETS && member.array()) {
        String regex = member.name() + REGEX;
        all.add(new TargetNames(member.name(), texts(member.name()), regex, text(regex)));
      }
    }
    return all;
  }

  private static String entry(Value.Entry entry, String member) {
    return entry.values().get(member) instanceof Value.Text t ? t.text() : "";
  }

  private String text(String member) {
    return value(member) instanceof Value.Text t ? t.text() : "";
  }

  private List<String> texts(String member) {
    List<String> texts = new ArrayList<>();
    if (value(member) instanceof Value.Many many) {
      many.all().forEach(v -> texts.add(v.shown()));
    }
    return texts;
  }

  private static List<Integer> integers(@Nullable Value value) {
    List<Integer> numbers = new ArrayList<>();
    if (value instanceof Value.Many many) {
      for (Value v : many.all()) {
        numbers.add(v instanceof Value.Num n ? n.number().intValue() : 0);
      }
    }
    return numbers;
  }

  boolean allLinear() {
    List<String> target = target();
    return target.size() == 1
        && target.get(0).toLowerCase(Locale.ROOT).equals(TargetSpec.ALL_LINEAR);
  }

  /** Returns the regular expression for targets, empty if there is none. */
  String regex() {
    return regex(target(), targetRegex());
  }

  private static String regex(List<String> names, String regex) {
    return names.size() == 1 && names.get(0).startsWith(TargetSpec.REGEX_PREFIX)
        ? names.get(0).substring(TargetSpec.REGEX_PREFIX.length())
        : regex;
  }

  boolean hasRegex() {
    return !regex().isEmpty();
  }

  /** Returns where targets are written that are not a list. */
  Site targetSite() {
    return target().isEmpty() && !targetRegex().isEmpty()
        ? Site.member(index, "targetRegex")
        : target().isEmpty() ? Site.annotation(index) : Site.element(index, "target", 0);
  }

  /** Returns where the expression for some of the targets is written. */
  Site site(TargetNames names) {
    return names.names().isEmpty() ? site(names.regexMember()) : site(names.member(), 0);
  }

  Site site(String member) {
    return Site.member(index, member);
  }

  Site site(String member, int element) {
    return Site.element(index, member, element);
  }

  /** Returns the targets, with what the task type adds; for settings that passed their checks. */
  TargetSpec spec() {
    List<String> saved = new ArrayList<>(modulesToSave());
    for (String head : TaskTypes.modulesToSave(taskType())) {
      if (!saved.contains(head)) {
        saved.add(head);
      }
    }
    boolean list = !allLinear() && !hasRegex();
    boolean counts = kind.has("layers");
    return new TargetSpec(
        list ? target() : List.of(),
        hasRegex() ? regex() : null,
        allLinear(),
        exclude(),
        excludeRegex().isEmpty() ? null : excludeRegex(),
        saved,
        counts ? layers() : List.of(),
        counts ? layersPattern() : List.of());
  }
}
