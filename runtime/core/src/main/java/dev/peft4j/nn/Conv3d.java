package dev.peft4j.nn;

import dev.peft4j.data.Rng;
import dev.peft4j.data.ShapeException;
import dev.peft4j.op.Window;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Three-dimensional convolution (torch's {@code nn.Conv3d}, one group): x (batch, in, d, h, w),
 * weight (out, in, k, k, k), bias (out), result (batch, out, d', h', w').
 */
public class Conv3d extends WeightedLayer {
  private final int stride;
  private final int padding;

  /** Creates a convolution with a cubic kernel, stride 1, no padding, and a bias. */
  public Conv3d(int in, int out, int kernel) {
    this(in, out, kernel, 1, 0, true);
  }

  /** Creates a convolution with a cubic kernel and a bias. */
  public Conv3d(int in, int out, int kernel, int stride, int padding) {
    this(in, out, kernel, stride, padding, true);
  }

  /** Creates a convolution with a cubic kernel, with or without bias. */
  public Conv3d(int in, int out, int kernel, int stride, int padding, boolean bias) {
    Conv2d.check("Conv3d", in, out, kernel, stride, padding);
    Rng rng = Rng.current();
    super(
        Initial.kaimingUniform(rng, out, in, kernel, kernel, kernel),
        bias ? Initial.bias(rng, in * kernel * kernel * kernel, out) : null);
    this.stride = stride;
    this.padding = padding;
  }

  @Override
  protected Tensor base(Tensor x) {
    return convolve(x, weight(), bias(), stride, padding);
  }

  /**
   * Returns a cross-correlation, torch's {@code F.conv3d} with one group: that of images whose
   * channels are those of all depths under the kernel.
   *
   * @param x (batch, in, d, h, w)
   * @param weight (out, in, kd, kh, kw)
   * @param bias (out), or null
   */
  public static Tensor convolve(
      Tensor x, Tensor weight, @Nullable Tensor bias, int stride, int padding) {
    if (x.shape().rank() != 5 || weight.shape().rank() != 5 || x.dim(1) != weight.dim(1)) {
      throw new ShapeException(
          "conv3d: input of shape "
              + x.shape()
              + " and weight of shape "
              + weight.shape()
              + ": needed (batch, channels, depth, height, width) and (out, channels, kernel,"
              + " kernel, kernel)");
    }
    int kernel = weight.dim(2);
    int depth = x.dim(2) + 2 * padding;
    if (depth < kernel) {
      throw new ShapeException(
          "conv3d: a kernel of "
              + kernel
              + " is larger than a depth of "
              + x.dim(2)
              + " with padding "
              + padding);
    }
    int places = (depth - kernel) / stride + 1;
    Tensor padded = padded(x, padding);
    Tensor[] under = new Tensor[kernel]; // the depths that each plane of the kernel meets
    for (int k = 0; k < kernel; k++) {
      under[k] =
          stride == 1
              ? padded.slice(2, k, k + places)
              : padded.indexSelect(2, Tensor.arange(k, k + (long) places * stride, stride));
    }
    // (batch, in, kernel, places, h, w) to images (batch * places, in * kernel, h, w)
    Tensor images =
        Tensor.stack(2, under)
            .permute(0, 3, 1, 2, 4, 5)
            .reshape(x.dim(0) * places, x.dim(1) * kernel, x.dim(3), x.dim(4));
    int out = weight.dim(0);
    Window window =
        new Window(weight.dim(3), weight.dim(4), stride, stride, padding, padding, 1, 1);
    Tensor flat = weight.reshape(out, weight.dim(1) * kernel, weight.dim(3), weight.dim(4));
    Tensor y = images.conv2d(flat, bias, window);
    return y.reshape(x.dim(0), places, out, y.dim(2), y.dim(3)).transpose(1, 2);
  }

  private static Tensor padded(Tensor x, int padding) {
    if (padding == 0) {
      return x;
    }
    Tensor zeros = Tensor.zeros(x.shape().with(2, padding).toArray());
    return Tensor.concat(2, zeros, x, zeros);
  }

  /** Returns the distance between two positions of the kernel. */
  public int stride() {
    return stride;
  }

  /** Returns the number of zeros around the input. */
  public int padding() {
    return padding;
  }

  @Override
  protected String extraRepr() {
    int k = weight().dim(2);
    return ModuleText.convolution(
        weight().dim(1),
        weight().dim(0),
        new int[] {k, k, k},
        new int[] {stride, stride, stride},
        new int[] {padding, padding, padding},
        new int[3],
        bias() != null);
  }
}
