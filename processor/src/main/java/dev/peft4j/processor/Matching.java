package dev.peft4j.processor;

import dev.peft4j.target.Match;
import dev.peft4j.target.Names;
import dev.peft4j.target.TargetMatcher;
import dev.peft4j.target.TargetSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The configuration's answer for every place in the model's tree. */
final class Matching {

  /** The outcomes for a module. */
  enum Outcome {
    ATTACH,
    SAVE,
    UNSUPPORTED,
    EXCLUDED,
    /** It is in a module that is trained in full. */
    IN_SAVED,
    /**
     * A name of a module to save is a part of its path, so it gets no adapter; what is in it may
     * still be saved.
     */
    BARRED,
    OTHER_LAYER,
    NONE
  }

  /**
   * The answer for one place with certain indices and keys.
   *
   * @param at the indices and keys
   * @param path the whole path
   * @param by the entry of the configuration that decided; empty if none did
   */
  record Answer(Place place, List<String> at, String path, Outcome outcome, String by) {}

  private final TunerMirror tuner;
  private final TargetSpec spec;
  private final List<String> tokens;
  private final TargetMatcher matcher;
  private final Samples samples;
  private final Map<Place, List<Answer>> answers = new LinkedHashMap<>();

  Matching(PeftSettings settings, Place root) {
    tuner = settings.kind();
    spec = settings.spec();
    tokens =
        settings.tokens().stream()
            .map(PeftSettings.Tokens::embedding)
            .filter(name -> !name.isEmpty())
            .toList();
    matcher = new TargetMatcher(spec);
    List<String> keys = new ArrayList<>(tokens);
    settings.keys().forEach(key -> keys.add(key.text()));
    for (PeftSettings.TargetNames some : settings.targetNames()) {
      keys.addAll(some.names());
      keys.add(some.regexText());
    }
    samples = new Samples(spec, keys);
    for (Place place : root.all()) {
      List<Answer> here = new ArrayList<>();
      for (List<String> at : samples.combinations(place.dimensions())) {
        here.add(answer(place, at));
      }
      answers.put(place, here);
    }
  }

  TargetMatcher matcher() {
    return matcher;
  }

  TargetSpec spec() {
    return spec;
  }

  List<Answer> of(Place place) {
    return answers.getOrDefault(place, List.of());
  }

  Stream<Answer> all() {
    return answers.values().stream().flatMap(List::stream);
  }

  /** Returns whether what is in a map is to be looked at when its keys are known. */
  boolean decidedAtRunTime(Place place) {
    return place.inMap() && samples.regex();
  }

  /**
   * Returns whether the outcome depends on an index in a way that only the run time can tell for
   * certain.
   */
  boolean indicesByRegex() {
    return samples.regex();
  }

  /**
   * Returns whether something in a module, of which the types do not tell, may be targeted or
   * saved.
   */
  boolean mayMatchIn(Place place) {
    return !spec.modulesToSave().isEmpty()
        || !tokens.isEmpty()
        || of(place).stream()
            .anyMatch(
                a -> matcher.mayTargetBelow(a.path()) || matcher.mayTargetBelow(a.path() + "."))
        || (place.inMap()
            && matcher.mayTargetBelow(
                place.template().substring(0, place.template().indexOf('*'))));
  }

  private Answer answer(Place place, List<String> at) {
    String path = place.path(at);
    if (place.parent() == null || !place.isModule()) {
      return new Answer(place, at, path, Outcome.NONE, "");
    }
    for (Place p = place.parent(); p != null; p = p.parent()) {
      String above = p.path(at);
      if (p.isModule() && matcher.saves(above)) {
        return new Answer(place, at, path, Outcome.IN_SAVED, entryFor(above));
      }
    }
    if (matcher.saves(path)) {
      return new Answer(place, at, path, Outcome.SAVE, entryFor(path));
    }
    Node node = place.node();
    Match match = matcher.match(path, node.linear() && !node.outputHead());
    String by = match.by() == null ? "" : match.by();
    if (match.outcome() != Match.Outcome.TARGETED && hasTokens(path)) {
      return new Answer(place, at, path, adapted(node), "");
    }
    return new Answer(
        place,
        at,
        path,
        switch (match.outcome()) {
          case TARGETED -> adapted(node);
          case EXCLUDED -> Outcome.EXCLUDED;
          case SAVED -> Outcome.BARRED;
          case OTHER_LAYER -> Outcome.OTHER_LAYER;
          case NOT_NAMED -> Outcome.NONE;
        },
        by);
  }

  private Outcome adapted(Node node) {
    return tuner.adapts(node) ? Outcome.ATTACH : Outcome.UNSUPPORTED;
  }

  /** Returns whether the module at a path has rows that are trained. */
  boolean hasTokens(String path) {
    return tokens.stream().anyMatch(name -> Names.names(name, path));
  }

  private String entryFor(String path) {
    return spec.modulesToSave().stream()
        .filter(name -> Names.names(name, path) || path.endsWith(name))
        .findFirst()
        .orElse("");
  }
}
