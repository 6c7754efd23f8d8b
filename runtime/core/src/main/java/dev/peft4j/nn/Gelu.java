package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;

/** The activation {@link Tensor#gelu} as a layer. */
public class Gelu extends Module implements Layer {
  @Override
  public Tensor forward(Tensor x) {
    return seen(x.gelu());
  }

  @Override
  protected String extraRepr() {
    return "approximate='none'";
  }

  @Override
  protected String typeName() {
    return "GELU";
  }
}
