package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;

/** The activation {@link Tensor#sigmoid} as a layer. */
public class Sigmoid extends Module implements Layer {
  @Override
  public Tensor forward(Tensor x) {
    return seen(x.sigmoid());
  }
}
