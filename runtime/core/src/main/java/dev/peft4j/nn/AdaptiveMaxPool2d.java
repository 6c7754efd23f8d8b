package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;

/**
 * A layer that takes the largest element of as many bins of an image (batch, channels, h, w) as the
 * result has elements: torch's {@code nn.AdaptiveMaxPool2d}. Equal largest elements share the
 * gradient.
 */
public class AdaptiveMaxPool2d extends Module implements Layer {
  private final int[] bins;

  /** Creates a layer with results of {@code h} × {@code w}. */
  public AdaptiveMaxPool2d(int h, int w) {
    this.bins = Pool2d.bins("AdaptiveMaxPool2d", h, w);
  }

  @Override
  public Tensor forward(Tensor x) {
    Pool2d.image("AdaptiveMaxPool2d", x);
    return seen(largest(largest(x, 3, bins[1]), 2, bins[0]));
  }

  private static Tensor largest(Tensor x, int axis, int bins) {
    int n = x.dim(axis);
    Tensor[] parts = new Tensor[bins];
    for (int b = 0; b < bins; b++) {
      parts[b] = x.slice(axis, Pool2d.start(b, bins, n), Pool2d.end(b, bins, n)).maxKeep(axis);
    }
    return Tensor.concat(axis, parts);
  }

  @Override
  protected String extraRepr() {
    return "output_size=" + ModuleText.tuple(bins);
  }
}
