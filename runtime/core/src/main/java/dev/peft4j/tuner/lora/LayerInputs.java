package dev.peft4j.tuner.lora;

import dev.peft4j.nn.AdapterSlot;
import dev.peft4j.nn.Modes;
import dev.peft4j.nn.Overlay;
import dev.peft4j.nn.OverlaySource;
import dev.peft4j.nn.Overlays;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tensor.Tensor;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Watches what goes into layers while a model runs without adapters. */
final class LayerInputs implements OverlaySource, Overlay {
  private final Modes modes = new Modes();
  private final Map<AdapterSlot, String> paths = new IdentityHashMap<>();
  private final BiConsumer<String, float[]> receiver;

  private LayerInputs(BiConsumer<String, float[]> receiver) {
    this.receiver = receiver;
  }

  /**
   * Runs {@code body} and gives the inputs of layers, (rows, in), to a receiver, with the layer's
   * path.
   */
  static void watch(
      SequencedMap<String, WeightedLayer> layers,
      BiConsumer<String, float[]> receiver,
      Runnable body) {
    LayerInputs watch = new LayerInputs(receiver);
    layers.forEach((path, layer) -> watch.paths.put(layer.slot(), path));
    watch.paths.keySet().forEach(slot -> slot.join(watch));
    try {
      Overlays.with(
          watch,
          watch,
          () -> {
            body.run();
            return true;
          });
    } finally {
      watch.paths.keySet().forEach(slot -> slot.leave(watch));
    }
  }

  @Override
  public Tensor apply(AdapterSlot slot, Tensor x, UnaryOperator<Tensor> base) {
    String path = paths.get(slot);
    if (path != null) {
      receiver.accept(path, x.detach().toFloats());
    }
    return base.apply(x);
  }

  @Override
  public Parameter of(Parameter p) {
    return p;
  }

  @Override
  public @Nullable Overlay standard() {
    return null;
  }

  @Override
  public Modes modes() {
    return modes;
  }
}
