package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;

/** The activation {@link Tensor#tanh} as a layer. */
public class Tanh extends Module implements Layer {
  @Override
  public Tensor forward(Tensor x) {
    return seen(x.tanh());
  }
}
