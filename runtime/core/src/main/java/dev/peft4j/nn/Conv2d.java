package dev.peft4j.nn;

import dev.peft4j.data.Rng;
import dev.peft4j.op.Window;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Two-dimensional convolution (torch's {@code nn.Conv2d}, one group): x (batch, in, h, w), weight
 * (out, in, k, k), bias (out), result (batch, out, h', w').
 */
public class Conv2d extends Module implements Layer, Adaptable {
  private final Parameter weight;
  private final @Nullable Parameter bias;
  private final Window window;
  private final AdapterSlot slot = new AdapterSlot();

  /** A square kernel with stride 1, no padding, and a bias. */
  public Conv2d(int in, int out, int kernel) {
    this(in, out, kernel, 1, 0, true);
  }

  /** A square kernel with a bias. */
  public Conv2d(int in, int out, int kernel, int stride, int padding) {
    this(in, out, kernel, stride, padding, true);
  }

  /** A square kernel with or without bias. */
  public Conv2d(int in, int out, int kernel, int stride, int padding, boolean bias) {
    if (in < 1 || out < 1 || kernel < 1 || stride < 1 || padding < 0) {
      throw new IllegalArgumentException(
          "Conv2d("
              + in
              + ", "
              + out
              + ", "
              + kernel
              + ", "
              + stride
              + ", "
              + padding
              + "): channels, kernel and stride must be at least 1, padding at least 0");
    }
    Rng rng = Rng.current();
    this.window = Window.square(kernel, stride, padding);
    this.weight = Initial.kaimingUniform(rng, out, in, kernel, kernel);
    this.bias = bias ? Initial.bias(rng, in * kernel * kernel, out) : null;
  }

  @Override
  public Tensor forward(Tensor x) {
    return slot.apply(x, this::base);
  }

  private Tensor base(Tensor x) {
    return x.conv2d(weight, bias, window);
  }

  /** Kernel, stride and padding. */
  public Window window() {
    return window;
  }

  /** The weight (out, in, k, k). */
  public Parameter weight() {
    return weight;
  }

  /** The bias (out), or null. */
  public @Nullable Parameter bias() {
    return bias;
  }

  @Override
  public AdapterSlot slot() {
    return slot;
  }
}
