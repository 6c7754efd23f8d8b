package dev.peft4j.nn;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.op.Window;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * One-dimensional convolution (torch's {@code nn.Conv1d}, one group): x (batch, in, length), weight
 * (out, in, k), bias (out), result (batch, out, length').
 */
public class Conv1d extends WeightedLayer {
  private final int stride;
  private final int padding;

  /** Creates a convolution with stride 1, no padding, and a bias. */
  public Conv1d(int in, int out, int kernel) {
    this(in, out, kernel, 1, 0, true);
  }

  /** Creates a convolution with a bias. */
  public Conv1d(int in, int out, int kernel, int stride, int padding) {
    this(in, out, kernel, stride, padding, true);
  }

  /** Creates a convolution with or without bias. */
  public Conv1d(int in, int out, int kernel, int stride, int padding, boolean bias) {
    Conv2d.check("Conv1d", in, out, kernel, stride, padding);
    Rng rng = Rng.current();
    super(
        Initial.kaimingUniform(rng, out, in, kernel),
        bias ? Initial.bias(rng, in * kernel, out) : null);
    this.stride = stride;
    this.padding = padding;
  }

  /**
   * Creates a convolution with given parameters.
   *
   * @param weight (out, in, k)
   * @param bias (out), or null
   */
  public Conv1d(Parameter weight, @Nullable Parameter bias, int stride, int padding) {
    boolean fits =
        weight.shape().rank() == 3
            && (bias == null || bias.shape().equals(Shape.of(weight.dim(0))));
    if (!fits) {
      throw new ShapeException(
          "Conv1d: weight of shape "
              + weight.shape()
              + (bias == null ? "" : " and bias of shape " + bias.shape())
              + ": needed (out, in, kernel) and (out)");
    }
    Conv2d.check("Conv1d", weight.dim(1), weight.dim(0), weight.dim(2), stride, padding);
    super(weight, bias);
    this.stride = stride;
    this.padding = padding;
  }

  @Override
  protected Tensor base(Tensor x) {
    return convolve(x, weight(), bias(), stride, padding);
  }

  /**
   * Returns a cross-correlation, torch's {@code F.conv1d} with one group: that of an image of
   * height 1.
   *
   * @param x (batch, in, length)
   * @param weight (out, in, k)
   * @param bias (out), or null
   */
  public static Tensor convolve(
      Tensor x, Tensor weight, @Nullable Tensor bias, int stride, int padding) {
    if (x.shape().rank() != 3 || weight.shape().rank() != 3 || x.dim(1) != weight.dim(1)) {
      throw new ShapeException(
          "conv1d: input of shape "
              + x.shape()
              + " and weight of shape "
              + weight.shape()
              + ": needed (batch, channels, length) and (out, channels, kernel)");
    }
    int k = weight.dim(2);
    if (x.dim(2) + 2L * padding < k) {
      throw new ShapeException(
          "conv1d: a kernel of "
              + k
              + " is larger than a length of "
              + x.dim(2)
              + " with padding "
              + padding);
    }
    Tensor y =
        x.reshape(x.dim(0), x.dim(1), 1, x.dim(2))
            .conv2d(
                weight.reshape(weight.dim(0), weight.dim(1), 1, k),
                bias,
                new Window(1, k, 1, stride, 0, padding, 1, 1));
    return y.reshape(y.dim(0), y.dim(1), y.dim(3));
  }

  /** Returns the distance between two positions of the kernel. */
  public int stride() {
    return stride;
  }

  /** Returns the number of zeros before and after the input. */
  public int padding() {
    return padding;
  }

  @Override
  protected String extraRepr() {
    return ModuleText.convolution(
        weight().dim(1),
        weight().dim(0),
        new int[] {weight().dim(2)},
        new int[] {stride},
        new int[] {padding},
        new int[1],
        bias() != null);
  }
}
