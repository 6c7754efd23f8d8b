package dev.peft4j.tuner;

import dev.peft4j.nn.Adaptable;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.Parameter;
import java.util.List;

/**
 * Layers that hold one and the same weight: an embedding and the head that shares its table, say.
 */
final class TiedLayers {
  private TiedLayers() {}

  /**
   * The layers that share a parameter with {@code layer}, itself among them, in the model's order;
   * empty if it shares none.
   */
  static List<NamedModule> sharing(FrozenBase base, Module layer) {
    for (Parameter p : layer.ownParameters().values()) {
      if (base.holders(p) > 1) {
        return base.modules().stream()
            .filter(
                m -> m.module() instanceof Adaptable && m.module().ownParameters().containsValue(p))
            .toList();
      }
    }
    return List.of();
  }

  /**
   * The layer of a group that carries the adapter for all: the embedding, as in peft, else the one
   * that was asked for.
   */
  static NamedModule carrier(List<NamedModule> group, NamedModule asked) {
    return group.stream().filter(m -> m.module() instanceof Embedding).findFirst().orElse(asked);
  }
}
