package dev.peft4j.nn;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.Node;
import dev.peft4j.op.Fold;
import dev.peft4j.op.Window;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The adjoint of a two-dimensional convolution (torch's {@code nn.ConvTranspose2d}, one group): x
 * (batch, in, h, w), weight (in, out, k, k), bias (out), result (batch, out, h', w') with h' = (h -
 * 1) · stride - 2 · padding + k + outputPadding.
 */
public class ConvTranspose2d extends Module implements Layer {
  private final Parameter weight;
  private final @Nullable Parameter bias;
  private final Window window;
  private final int outputPadding;

  /** Creates a layer with a square kernel and a bias. */
  public ConvTranspose2d(int in, int out, int kernel, int stride, int padding) {
    this(in, out, kernel, stride, padding, 0, true);
  }

  /**
   * Creates a layer with a square kernel, with or without bias.
   *
   * @param outputPadding rows and columns that are added at the end; less than the stride
   */
  public ConvTranspose2d(
      int in, int out, int kernel, int stride, int padding, int outputPadding, boolean bias) {
    Conv2d.check("ConvTranspose2d", in, out, kernel, stride, padding);
    if (outputPadding < 0 || outputPadding >= stride) {
      throw new IllegalArgumentException(
          "ConvTranspose2d: outputPadding is "
              + outputPadding
              + ", must be at least 0 and less than the stride of "
              + stride);
    }
    Rng rng = Rng.current();
    this.weight = Initial.kaimingUniform(rng, in, out, kernel, kernel);
    this.bias = bias ? Initial.bias(rng, out * kernel * kernel, out) : null;
    this.window = Window.square(kernel, stride, padding);
    this.outputPadding = outputPadding;
  }

  @Override
  public Tensor forward(Tensor x) {
    int in = weight.dim(0);
    int out = weight.dim(1);
    if (x.shape().rank() != 4 || x.dim(1) != in) {
      throw new ShapeException(
          "ConvTranspose2d: input of shape " + x.shape() + ", needed (batch, " + in + ", h, w)");
    }
    Shape image = Shape.of(x.dim(0), out, size(x.dim(2)), size(x.dim(3)));
    Tensor patches =
        weight
            .reshape(in, out * window.kernel())
            .transpose(0, 1)
            .matmul(x.reshape(x.dim(0), in, x.dim(2) * x.dim(3)));
    Tensor y = Tensor.of(Node.of(new Fold(window, image), patches.node()));
    return seen(bias == null ? y : y.add(bias.reshape(out, 1, 1)));
  }

  private int size(int n) {
    int size = (n - 1) * window.strideH() - 2 * window.padH() + window.kernelH() + outputPadding;
    if (n < 1 || size < 1) {
      throw new ShapeException(
          "ConvTranspose2d: a side of "
              + n
              + " gives one of "
              + size
              + " with "
              + window
              + ", needed at least 1");
    }
    return size;
  }

  @Override
  protected String extraRepr() {
    return ModuleText.convolution(
        weight.dim(0),
        weight.dim(1),
        new int[] {window.kernelH(), window.kernelW()},
        new int[] {window.strideH(), window.strideW()},
        new int[] {window.padH(), window.padW()},
        new int[] {outputPadding, outputPadding},
        bias != null);
  }
}
