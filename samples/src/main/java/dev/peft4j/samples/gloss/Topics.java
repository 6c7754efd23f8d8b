package dev.peft4j.samples.gloss;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** WordNet's lexicographer files of nouns: the topics. */
final class Topics {
  /** The number of the first one in WordNet's files. */
  static final int FIRST = 3;

  static final List<String> NAMES =
      List.of(
          "noun.Tops",
          "noun.act",
          "noun.animal",
          "noun.artifact",
          "noun.attribute",
          "noun.body",
          "noun.cognition",
          "noun.communication",
          "noun.event",
          "noun.feeling",
          "noun.food",
          "noun.group",
          "noun.location",
          "noun.motive",
          "noun.object",
          "noun.person",
          "noun.phenomenon",
          "noun.plant",
          "noun.possession",
          "noun.process",
          "noun.quantity",
          "noun.relation",
          "noun.shape",
          "noun.state",
          "noun.substance",
          "noun.time");

  private Topics() {}

  static int count() {
    return NAMES.size();
  }

  /** Returns all labels, the most probable first. */
  static Stream<Integer> byProbability(float[] p) {
    return IntStream.range(0, count())
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> p[i]).reversed());
  }

  /** Returns a topic in words. */
  static String name(int label) {
    return NAMES.get(label);
  }
}
