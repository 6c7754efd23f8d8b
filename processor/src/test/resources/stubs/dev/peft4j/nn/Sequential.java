package dev.peft4j.nn;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

public class Sequential extends Module implements Layer {
  private final List<Layer> layers;

  public Sequential(Layer... layers) {
    this.layers = List.of(layers);
  }

  @Override
  public Map<String, Module> children() {
    Map<String, Module> children = new LinkedHashMap<>();
    for (Layer layer : layers) {
      children.put(String.valueOf(children.size()), (Module) layer);
    }
    return children;
  }

  @Override
  public float forward(float x) {
    return x;
  }
}
