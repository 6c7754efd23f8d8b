package dev.peft4j.nn;

import dev.peft4j.op.Window;
import dev.peft4j.tensor.Tensor;

/**
 * A layer that takes the largest element of each window of x (batch, channels, h, w): torch's
 * {@code nn.MaxPool2d}. Padding is never the largest. Equal largest elements share the gradient.
 */
public class MaxPool2d extends Module implements Layer {
  private final Window window;

  /** Creates a layer with windows that do not overlap. */
  public MaxPool2d(int kernel) {
    this(kernel, kernel, 0);
  }

  /** Creates a layer with square windows. */
  public MaxPool2d(int kernel, int stride, int padding) {
    this.window = Pool2d.window("MaxPool2d", kernel, stride, padding);
  }

  @Override
  public Tensor forward(Tensor x) {
    Tensor windows = Pool2d.windows("MaxPool2d", x, window);
    if (window.padH() > 0) {
      Tensor inside = Pool2d.windows("MaxPool2d", Tensor.ones(1, 1, x.dim(2), x.dim(3)), window);
      windows = windows.where(inside, Tensor.scalar(Float.NEGATIVE_INFINITY));
    }
    return seen(Pool2d.image(windows.max(2), x, window));
  }

  @Override
  protected String extraRepr() {
    return Pool2d.settings(window) + ", dilation=1, ceil_mode=False";
  }
}
