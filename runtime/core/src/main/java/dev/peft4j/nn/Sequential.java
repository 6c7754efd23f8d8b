package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * Layers applied one after another (torch's {@code nn.Sequential}); their names are their
 * positions.
 */
public class Sequential extends Module implements Layer {
  private final List<Layer> layers;

  /** Chains layers. */
  public Sequential(Layer... layers) {
    this.layers = List.of(layers);
  }

  @Override
  public Tensor forward(Tensor x) {
    Tensor y = x;
    for (Layer layer : layers) {
      y = layer.forward(y);
    }
    return seen(y);
  }

  /** The layers in order. */
  public List<Layer> layers() {
    return layers;
  }

  /**
   * The layers that are modules, named by their positions as in torch (no name of the list in
   * between).
   */
  @Override
  public SequencedMap<String, Module> children() {
    SequencedMap<String, Module> children = new LinkedHashMap<>();
    for (int i = 0; i < layers.size(); i++) {
      if (layers.get(i) instanceof Module m) {
        children.put(Integer.toString(i), m);
      }
    }
    return children;
  }
}
