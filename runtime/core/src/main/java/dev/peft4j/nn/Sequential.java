package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** A chain of layers (torch's {@code nn.Sequential}); their names are their positions. */
public class Sequential extends Module implements Layer {
  private final List<Layer> layers;

  /** Creates a chain of layers. */
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

  /** Returns the layers in order. */
  public List<Layer> layers() {
    return layers;
  }

  /**
   * Returns the layers that are modules, named by their positions as in torch, without the name of
   * the list.
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
