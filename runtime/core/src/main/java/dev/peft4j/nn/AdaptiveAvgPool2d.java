package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;

/**
 * A layer that averages an image (batch, channels, h, w) over as many bins as the result has
 * elements: torch's {@code nn.AdaptiveAvgPool2d}.
 */
public class AdaptiveAvgPool2d extends Module implements Layer {
  private final int[] bins;

  /** Creates a layer with results of {@code h} × {@code w}. */
  public AdaptiveAvgPool2d(int h, int w) {
    this.bins = Pool2d.bins("AdaptiveAvgPool2d", h, w);
  }

  @Override
  public Tensor forward(Tensor x) {
    Pool2d.image("AdaptiveAvgPool2d", x);
    Tensor columns = x.matmul(means(bins[1], x.dim(3)).transpose(0, 1));
    return seen(means(bins[0], x.dim(2)).matmul(columns));
  }

  /** Returns the matrix (bins, n) that takes the mean of each bin. */
  private static Tensor means(int bins, int n) {
    float[] m = new float[bins * n];
    for (int b = 0; b < bins; b++) {
      int from = Pool2d.start(b, bins, n);
      int to = Pool2d.end(b, bins, n);
      java.util.Arrays.fill(m, b * n + from, b * n + to, 1f / (to - from));
    }
    return Tensor.of(m, bins, n);
  }

  @Override
  protected String extraRepr() {
    return "output_size=" + ModuleText.tuple(bins);
  }
}
