package dev.peft4j.nn;

import dev.peft4j.data.Rng;
import dev.peft4j.op.Window;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Two-dimensional convolution (torch's {@code nn.Conv2d}): x (batch, in, h, w), weight (out, in /
 * groups, kernel height, kernel width), bias (out), result (batch, out, h', w').
 */
public class Conv2d extends WeightedLayer {
  private final Window window;
  private final int groups;

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
    this.groups = 1;
  }

  /**
   * Creates a convolution with any window, of which each group of outputs sees a group of the
   * inputs.
   *
   * @param groups at least 1; divides inputs and outputs
   */
  public Conv2d(int in, int out, Window window, int groups, boolean bias) {
    if (in < 1 || out < 1 || groups < 1 || in % groups != 0 || out % groups != 0) {
      throw new IllegalArgumentException(
          "Conv2d of %d to %d channels in %d groups: the groups must divide both"
              .formatted(in, out, groups));
    }
    Rng rng = Rng.current();
    int fanIn = in / groups * window.kernelH() * window.kernelW();
    super(
        Initial.kaimingUniform(rng, out, in / groups, window.kernelH(), window.kernelW()),
        bias ? Initial.bias(rng, fanIn, out) : null);
    this.window = window;
    this.groups = groups;
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
    return convolve(x, weight(), bias(), window, groups);
  }

  /**
   * Returns a cross-correlation, torch's {@code F.conv2d}.
   *
   * @param x (batch, in, h, w)
   * @param weight (out, in / groups, kernel height, kernel width)
   * @param bias (out), or null
   */
  public static Tensor convolve(
      Tensor x, Tensor weight, @Nullable Tensor bias, Window window, int groups) {
    if (groups == 1) {
      return x.conv2d(weight, bias, window);
    }
    int in = x.dim(1) / groups;
    int out = weight.dim(0) / groups;
    Tensor[] parts = new Tensor[groups];
    for (int g = 0; g < groups; g++) {
      parts[g] =
          x.slice(1, g * in, (g + 1) * in)
              .conv2d(
                  weight.slice(0, g * out, (g + 1) * out),
                  bias == null ? null : bias.slice(0, g * out, (g + 1) * out),
                  window);
    }
    return Tensor.concat(1, parts);
  }

  /** Returns the number of groups. */
  public int groups() {
    return groups;
  }

  /** Returns the number of channels of the input. */
  public int inChannels() {
    return weight().dim(1) * groups;
  }

  /** Returns kernel, stride and padding. */
  public Window window() {
    return window;
  }

  @Override
  protected String extraRepr() {
    return ModuleText.convolution(
        inChannels(),
        weight().dim(0),
        new int[] {window.kernelH(), window.kernelW()},
        new int[] {window.strideH(), window.strideW()},
        new int[] {window.padH(), window.padW()},
        new int[2],
        groups,
        bias() != null);
  }
}
