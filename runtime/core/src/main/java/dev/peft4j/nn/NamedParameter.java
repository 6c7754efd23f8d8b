package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import dev.peft4j.tensor.TensorFormat;

/** A parameter and its path in a model. */
public record NamedParameter(String name, Parameter parameter) {
  /**
   * Returns the name, and on the next line values and {@code requires_grad}, as PyTorch prints
   * them.
   */
  @Override
  public String toString() {
    return name
        + "\n"
        + TensorFormat.format(
            Tensor.of(parameter.own(), parameter.shape()),
            "requires_grad=" + (parameter.trainable() ? "True" : "False"));
  }
}
