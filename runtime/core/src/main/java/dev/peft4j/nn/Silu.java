package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;

/** The activation {@link Tensor#silu} as a layer. */
public class Silu extends Module implements Layer {
  @Override
  public Tensor forward(Tensor x) {
    return seen(x.silu());
  }

  @Override
  protected String typeName() {
    return "SiLU";
  }
}
