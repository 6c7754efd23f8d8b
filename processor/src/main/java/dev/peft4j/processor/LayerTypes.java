package dev.peft4j.processor;

import java.util.Set;

/**
 * The kinds of layers that a module is, for adapters.
 *
 * @param certainty how much its type tells
 * @param types the qualified names of its class and of those above it
 */
record LayerTypes(Certainty certainty, Set<String> types) {
  /** No layer for adapters. */
  static final LayerTypes NONE = new LayerTypes(Certainty.NONE, Set.of());

  /** Perhaps any layer: only the value tells. */
  static final LayerTypes ANY = new LayerTypes(Certainty.ANY, Set.of());

  LayerTypes {
    types = Set.copyOf(types);
  }

  /** The certainty with which a type tells. */
  enum Certainty {
    NONE,
    ANY,
    KNOWN
  }
}
