package dev.peft4j.nn;

import dev.peft4j.op.Window;
import dev.peft4j.tensor.Tensor;

/**
 * A layer that takes the mean of each window of x (batch, channels, h, w): torch's {@code
 * nn.AvgPool2d}. Padded zeros are included in the mean.
 */
public class AvgPool2d extends Module implements Layer {
  private final Window window;

  /** Creates a layer with windows that do not overlap. */
  public AvgPool2d(int kernel) {
    this(kernel, kernel, 0);
  }

  /** Creates a layer with square windows. */
  public AvgPool2d(int kernel, int stride, int padding) {
    this.window = Pool2d.window("AvgPool2d", kernel, stride, padding);
  }

  @Override
  public Tensor forward(Tensor x) {
    return seen(Pool2d.image(Pool2d.windows("AvgPool2d", x, window).mean(2), x, window));
  }

  @Override
  protected String extraRepr() {
    return Pool2d.settings(window);
  }
}
