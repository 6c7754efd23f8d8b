package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import dev.peft4j.tensor.TensorFormat;

/** A parameter and its path in a model. */
public record NamedParameter(String name, Parameter parameter) {
  /** Name, values and {@code requires_grad}, as PyTorch prints them; large tensors show their shape instead. */
  @Override
  public String toString() {
    String values =
        parameter.shape().elements() <= 64
            ? TensorFormat.format(Tensor.of(parameter.own(), parameter.shape()))
            : "tensor of shape " + parameter.shape();
    return name + " " + values + " requires_grad=" + (parameter.trainable() ? "True" : "False");
  }
}
