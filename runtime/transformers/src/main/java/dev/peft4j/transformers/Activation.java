package dev.peft4j.transformers;

import dev.peft4j.op.Pointwise;
import dev.peft4j.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The activation of a feed-forward block, {@code hidden_act} in a configuration. */
public enum Activation {
  /** x · Φ(x), exact. */
  GELU(Tensor::gelu, "gelu", "gelu_python"),
  /** GELU by its tanh approximation. */
  GELU_TANH(
      Tensor::geluTanh,
      "gelu_new",
      "gelu_pytorch_tanh",
      "gelu_fast",
      "gelu_python_tanh",
      "gelu_accurate"),
  /** GELU, at least -10 and at most 10. */
  GELU_10(x -> x.gelu().clamp(-10, 10), "gelu_10"),
  /** x · sigmoid(1.702 x). */
  QUICK_GELU(x -> x.mul(x.mul(1.702f).sigmoid()), "quick_gelu"),
  /** x · relu6(x + 3) / 6. */
  HARDSWISH(x -> x.mul(relu6(x.add(3))).div(6), "hardswish"),
  /** The distribution function of the normal distribution with mean √½ and deviation √(1/4π). */
  LAPLACE(
      x -> x.sub(0.707107f).div((float) (0.282095 * Math.sqrt(2))).erf().add(1).mul(0.5f),
      "laplace"),
  /** x where x &gt; 0, else x / 100. */
  LEAKY_RELU(x -> x.where(x.gt(0), x.mul(0.01f)), "leaky_relu"),
  /** x. */
  LINEAR(x -> x, "linear"),
  /** x · tanh(softplus(x)). */
  MISH(x -> x.mul(x.softplus().tanh()), "mish"),
  /** x where x &gt; 0, else x times a slope that is learned; each block has its own. */
  PRELU(x -> x.where(x.gt(0), x.mul(0.25f)), "prelu"),
  /** max(x, 0). */
  RELU(Tensor::relu, "relu"),
  /** max(x, 0)². */
  RELU2(x -> x.relu().square(), "relu2"),
  /** max(x, 0), at most 6. */
  RELU6(Activation::relu6, "relu6"),
  /** 1 / (1 + e⁻ˣ). */
  SIGMOID(Tensor::sigmoid, "sigmoid"),
  /** x · sigmoid(x). */
  SILU(Tensor::silu, "silu", "swish"),
  /** √softplus(x). */
  SQRT_SOFTPLUS(x -> x.softplus().sqrt(), "sqrtsoftplus"),
  /** Hyperbolic tangent. */
  TANH(Tensor::tanh, "tanh");

  private final UnaryOperator<Tensor> function;
  private final List<String> names;

  Activation(UnaryOperator<Tensor> function, String... names) {
    this.function = function;
    this.names = List.of(names);
  }

  private static Tensor relu6(Tensor x) {
    return x.relu().maskedFill(x.ge(6), 6);
  }

  /** Returns the activation of each element; that of {@link #PRELU} with its initial slope. */
  public Tensor apply(Tensor x) {
    return function.apply(x);
  }

  /** Returns the activation of each element of {@code gate} times that of {@code up}. */
  Tensor gated(Tensor gate, Tensor up) {
    return switch (this) {
      case SILU -> gate.apply(Pointwise.SWIGLU, up);
      case GELU_TANH -> gate.apply(Pointwise.GEGLU_TANH, up);
      default -> apply(gate).mul(up);
    };
  }

  /** Returns the activation that configurations call {@code name}, or null. */
  static @Nullable Activation byName(String name) {
    return Arrays.stream(values()).filter(a -> a.names.contains(name)).findFirst().orElse(null);
  }

  /** Returns all names, for messages. */
  static String known() {
    return Arrays.stream(values()).flatMap(a -> a.names.stream()).collect(Collectors.joining(", "));
  }
}
