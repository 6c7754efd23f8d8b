package dev.peft4j.tuner.peanut;

import dev.peft4j.tensor.Tensor;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * The activations that {@link PeanutTuner} can have, by the names that transformers has for them.
 */
final class PeanutActivation {
  private static final Map<String, UnaryOperator<Tensor>> ALL = new TreeMap<>();

  static {
    ALL.put("relu", Tensor::relu);
    ALL.put("relu2", x -> x.relu().square());
    ALL.put("relu6", x -> x.clamp(0, 6));
    ALL.put("leaky_relu", x -> x.leakyRelu(0.01f));
    ALL.put("gelu", Tensor::gelu);
    ALL.put("gelu_python", Tensor::gelu);
    for (String name :
        new String[] {"gelu_new", "gelu_fast", "gelu_pytorch_tanh", "gelu_accurate"}) {
      ALL.put(name, Tensor::geluTanh);
    }
    ALL.put("quick_gelu", x -> x.mul(x.mul(1.702f).sigmoid()));
    ALL.put("gelu_10", x -> x.gelu().clamp(-10, 10));
    ALL.put("silu", Tensor::silu);
    ALL.put("swish", Tensor::silu);
    ALL.put("mish", x -> x.mul(x.softplus().tanh()));
    ALL.put("tanh", Tensor::tanh);
    ALL.put("sigmoid", Tensor::sigmoid);
    ALL.put("linear", x -> x);
  }

  private PeanutActivation() {}

  /**
   * Returns an activation.
   *
   * @throws IllegalArgumentException if there is none of that name, listing all
   */
  static UnaryOperator<Tensor> of(String name) {
    UnaryOperator<Tensor> found = ALL.get(name);
    if (found == null) {
      throw new IllegalArgumentException(
          "activation is '" + name + "', must be one of " + String.join(", ", ALL.keySet()));
    }
    return found;
  }
}
