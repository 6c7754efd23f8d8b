package dev.peft4j.processor;

import dev.peft4j.target.Suggestions;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The names that could have been meant. */
final class Candidates {
  private static final int MAX_SHOWN = 20;
  private static final Pattern INDEX = Pattern.compile("\\d+");

  private final TunerMirror tuner;
  private final List<Place> layers;
  private final List<Place> modules;

  Candidates(Place root, TunerMirror tuner) {
    this.tuner = tuner;
    modules =
        root.all().stream().filter(place -> place.isModule() && place.parent() != null).toList();
    layers =
        modules.stream()
            .filter(place -> tuner.adapts(place.node()) && !place.node().opaque())
            .toList();
  }

  /** The sentence that lists the layers that take an adapter. */
  String list() {
    if (layers.isEmpty()) {
      return "It has no %s as far as its types tell".formatted(tuner.someLayers());
    }
    String more =
        layers.size() > MAX_SHOWN ? " and %d more".formatted(layers.size() - MAX_SHOWN) : "";
    return layers.stream()
        .limit(MAX_SHOWN)
        .map(Place::toString)
        .collect(Collectors.joining(", ", "Candidates: ", more));
  }

  /** Did you mean this layer, and which there are. */
  String meant(String wanted, boolean listed) {
    String question =
        Suggestions.didYouMean(wanted, layers.stream().map(place -> at(place, wanted)).toList());
    return (question + (listed ? " " + list() + "." : "")).strip();
  }

  /** Did you mean this module. */
  String meantModule(String wanted) {
    return Suggestions.didYouMean(
        wanted, modules.stream().map(place -> at(place, wanted)).toList());
  }

  /** The path with an index that was asked for, so that what is suggested can be written. */
  private static String at(Place place, String wanted) {
    var index = INDEX.matcher(wanted);
    return place.template().replace(Node.ELEMENT, index.find() ? index.group() : "0");
  }
}
