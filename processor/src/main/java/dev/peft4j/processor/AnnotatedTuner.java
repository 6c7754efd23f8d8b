package dev.peft4j.processor;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** The tuners that {@code @Peft} knows: their own members, and the layers that they adapt. */
enum AnnotatedTuner {
  LORA(
      "LoRA",
      "Linear, TransposedLinear, Embedding, Conv1d, Conv2d and classes that implement Adaptable",
      Set.of(
          "r",
          "alpha",
          "dropout",
          "bias",
          "rslora",
          "dora",
          "loraBias",
          "pissaIterations",
          "trainableTokens",
          "ensureWeightTying",
          "rankPattern",
          "alphaPattern",
          "layers",
          "layersPattern")),
  IA3("IA3", "Linear, TransposedLinear and Conv2d", Set.of("feedforward", "feedforwardRegex")) {
    @Override
    boolean adapts(LayerType layer) {
      return layer == LayerType.LINEAR || layer == LayerType.CONV2D;
    }
  };

  /** What the tuners tell apart; a type of which it is not known is ANY. */
  enum LayerType {
    /** No layer for adapters. */
    NONE,
    LINEAR,
    CONV2D,
    /** Another class that implements Adaptable. */
    OTHER,
    /** Perhaps each of these. */
    ANY
  }

  private final String title;
  private final String layers;
  private final Set<String> own;

  AnnotatedTuner(String title, String layers, Set<String> own) {
    this.title = title;
    this.layers = layers;
    this.own = own;
  }

  static Optional<AnnotatedTuner> named(String peftType) {
    return Arrays.stream(values())
        .filter(t -> t.name().equals(peftType.toUpperCase(Locale.ROOT)))
        .findFirst();
  }

  static List<String> names() {
    return Arrays.stream(values()).map(Enum::name).toList();
  }

  /** The name for people. */
  String title() {
    return title;
  }

  /** The layers that it adapts, for messages. */
  String layers() {
    return layers;
  }

  boolean adapts(LayerType layer) {
    return layer != LayerType.NONE;
  }

  /** The tuner that alone has a member; empty if all have it. */
  static Optional<AnnotatedTuner> owner(String member) {
    return Arrays.stream(values()).filter(t -> t.own.contains(member)).findFirst();
  }
}
