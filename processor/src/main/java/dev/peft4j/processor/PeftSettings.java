package dev.peft4j.processor;

import dev.peft4j.target.TargetSpec;
import dev.peft4j.target.TaskTypes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * One {@code @Peft}, as written.
 *
 * @param index which of the class's, in the order written
 * @param written the members that are written, not left at their defaults
 * @param bias the constant's name
 * @param init the constant's name
 */
record PeftSettings(
    int index,
    Set<String> written,
    List<String> target,
    String targetRegex,
    List<String> exclude,
    String excludeRegex,
    int r,
    double alpha,
    double dropout,
    String bias,
    boolean rslora,
    boolean dora,
    boolean loraBias,
    String init,
    int pissaIterations,
    List<String> modulesToSave,
    List<Tokens> trainableTokens,
    boolean ensureWeightTying,
    List<Pattern> rankPattern,
    List<Pattern> alphaPattern,
    List<Integer> layers,
    List<String> layersPattern,
    String adapter,
    String tuner,
    List<String> feedforward,
    String feedforwardRegex,
    String taskType,
    String className) {

  /**
   * An entry of rankPattern or alphaPattern.
   *
   * @param key which layers
   * @param value a whole number for ranks
   */
  record Pattern(String key, double value) {}

  /**
   * An entry of trainableTokens.
   *
   * @param embedding the embedding's name; empty for the model's input embedding
   * @param ids its rows
   */
  record Tokens(String embedding, List<Integer> ids) {}

  boolean allLinear() {
    return target.size() == 1
        && target.get(0).toLowerCase(Locale.ROOT).equals(TargetSpec.ALL_LINEAR);
  }

  /** The regular expression for targets, empty if there is none. */
  String regex() {
    return regex(target, targetRegex);
  }

  /** The regular expression for feed-forward layers, empty if there is none. */
  String feedforwardPattern() {
    return regex(feedforward, feedforwardRegex);
  }

  private static String regex(List<String> names, String regex) {
    return names.size() == 1 && names.get(0).startsWith(TargetSpec.REGEX_PREFIX)
        ? names.get(0).substring(TargetSpec.REGEX_PREFIX.length())
        : regex;
  }

  /** The tuner; LoRA if there is none of the name, which is reported as an error. */
  AnnotatedTuner kind() {
    return AnnotatedTuner.named(tuner).orElse(AnnotatedTuner.LORA);
  }

  boolean hasRegex() {
    return !regex().isEmpty();
  }

  /** Where the targets are written that are not a list. */
  Site targetSite() {
    return target.isEmpty() && !targetRegex.isEmpty()
        ? Site.member(index, "targetRegex")
        : target.isEmpty() ? Site.annotation(index) : Site.element(index, "target", 0);
  }

  /** Where the expression for feed-forward layers is written. */
  Site feedforwardSite() {
    return feedforward.isEmpty() ? site("feedforwardRegex") : site("feedforward", 0);
  }

  Site site(String member) {
    return Site.member(index, member);
  }

  Site site(String member, int element) {
    return Site.element(index, member, element);
  }

  /** With what the task type adds; for settings that passed their checks. */
  TargetSpec spec() {
    List<String> saved = new ArrayList<>(modulesToSave);
    for (String head : TaskTypes.modulesToSave(taskType)) {
      if (!saved.contains(head)) {
        saved.add(head);
      }
    }
    boolean list = !allLinear() && !hasRegex();
    return new TargetSpec(
        list ? target : List.of(),
        hasRegex() ? regex() : null,
        allLinear(),
        exclude,
        excludeRegex.isEmpty() ? null : excludeRegex,
        saved,
        kind() == AnnotatedTuner.LORA ? layers : List.of(),
        kind() == AnnotatedTuner.LORA ? layersPattern : List.of());
  }
}
