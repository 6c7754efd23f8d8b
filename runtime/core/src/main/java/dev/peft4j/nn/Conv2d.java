package dev.peft4j.nn;

import dev.peft4j.data.Rng;
import dev.peft4j.op.Window;
import dev.peft4j.tensor.Tensor;

/**
 * Two-dimensional convolution (torch's {@code nn.Conv2d}, one group): x (batch, in, h, w), weight
 * (out, in, k, k), bias (out), result (batch, out, h', w').
 */
public class Conv2d extends WeightedLayer {
  private final Window window;

  /** Creates a convolution with a square kernel, stride 1, no padding, and a bias. */
  public Conv2d(int in, int out, int kernel) {
    this(in, out, kernel, 1, 0, true);
  }

  /** Creates a convolution with a square kernel and a bias. */
  public Conv2d(int in, int out, int kernel, int stride, int padding) {
    this(in, out, kernel, stride, padding, true);
  }

  /** Creates a convolution with a square kernel, with or without bias. */
  public Conv2d(int in, int out, int kernel, int stride, int padding, boolean bias) {
    check("Conv2d", in, out, kernel, stride, padding);
    Rng rng = Rng.current();
    super(
        Initial.kaimingUniform(rng, out, in, kernel, kernel),
        bias ? Initial.bias(rng, in * kernel * kernel, out) : null);
    this.window = Window.square(kernel, stride, padding);
  }

  /** Checks the arguments of {@code layer}. */
  static void check(String layer, int in, int out, int kernel, int stride, int padding) {
    if (in < 1 || out < 1 || kernel < 1 || stride < 1 || padding < 0) {
      throw new IllegalArgumentException(
          "%s(%d, %d, %d, %d, %d): channels, kernel and stride must be at least 1, padding at least 0"
              .formatted(layer, in, out, kernel, stride, padding));
    }
  }

  @Override
  protected Tensor base(Tensor x) {
    return x.conv2d(weight(), bias(), window);
  }

  /** Returns kernel, stride and padding. */
  public Window window() {
    return window;
  }

  @Override
  protected String extraRepr() {
    return ModuleText.convolution(
        weight().dim(1),
        weight().dim(0),
        new int[] {window.kernelH(), window.kernelW()},
        new int[] {window.strideH(), window.strideW()},
        new int[] {window.padH(), window.padW()},
        new int[2],
        bias() != null);
  }
}
