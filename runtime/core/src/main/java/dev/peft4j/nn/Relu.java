package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;

/** The activation {@link Tensor#relu} as a layer. */
public class Relu extends Module implements Layer {
  @Override
  public Tensor forward(Tensor x) {
    return seen(x.relu());
  }

  @Override
  protected String typeName() {
    return "ReLU";
  }
}
