package dev.peft4j.transformers;

import dev.peft4j.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The activation of a feed-forward block, {@code hidden_act} in a configuration. */
public enum Activation {
  /** x · Φ(x), exact. */
  GELU(Tensor::gelu, "gelu"),
  /** GELU by its tanh approximation. */
  GELU_TANH(Tensor::geluTanh, "gelu_new", "gelu_pytorch_tanh", "gelu_fast"),
  /** max(x, 0). */
  RELU(Tensor::relu, "relu"),
  /** x · sigmoid(x). */
  SILU(Tensor::silu, "silu", "swish");

  private final UnaryOperator<Tensor> function;
  private final List<String> names;

  Activation(UnaryOperator<Tensor> function, String... names) {
    this.function = function;
    this.names = List.of(names);
  }

  /** The activation of each element. */
  public Tensor apply(Tensor x) {
    return function.apply(x);
  }

  /** The activation that configurations call {@code name}, or null. */
  static @Nullable Activation byName(String name) {
    return Arrays.stream(values()).filter(a -> a.names.contains(name)).findFirst().orElse(null);
  }

  /** All names, for messages. */
  static String known() {
    return Arrays.stream(values()).flatMap(a -> a.names.stream()).collect(Collectors.joining(", "));
  }
}
