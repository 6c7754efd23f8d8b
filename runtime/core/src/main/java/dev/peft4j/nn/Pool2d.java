package dev.peft4j.nn;

import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.Node;
import dev.peft4j.op.Unfold;
import dev.peft4j.op.Window;
import dev.peft4j.tensor.Tensor;

/** The common parts of pooling layers: windows over images, and bins that divide a side. */
final class Pool2d {
  private Pool2d() {}

  static Window window(String layer, int kernel, int stride, int padding) {
    if (kernel < 1 || stride < 1 || padding < 0 || 2L * padding > kernel) {
      throw new IllegalArgumentException(
          "%s(%d, %d, %d): kernel and stride must be at least 1, padding from 0 to half of the kernel"
              .formatted(layer, kernel, stride, padding));
    }
    return Window.square(kernel, stride, padding);
  }

  /** Returns the windows of x (batch, channels, h, w) as (batch, channels, kernel, positions). */
  static Tensor windows(String layer, Tensor x, Window window) {
    image(layer, x);
    Tensor u = Tensor.of(Node.of(new Unfold(window), x.node()));
    return u.reshape(x.dim(0), x.dim(1), window.kernel(), u.dim(2));
  }

  /** Returns pooled positions (batch, channels, positions) as an image. */
  static Tensor image(Tensor pooled, Tensor x, Window window) {
    return pooled.reshape(x.dim(0), x.dim(1), window.outH(x.dim(2)), window.outW(x.dim(3)));
  }

  static void image(String layer, Tensor x) {
    Shape s = x.shape();
    if (s.rank() != 4 || s.elements() == 0) {
      throw new ShapeException(
          layer + ": input of shape " + s + ", needed (batch, channels, h, w) that is not empty");
    }
  }

  /** Returns the start of bin {@code i} of {@code bins} in a side of {@code n}. */
  static int start(int i, int bins, int n) {
    return (int) ((long) i * n / bins);
  }

  /** Returns the end of bin {@code i} of {@code bins}; neighbours may overlap by one. */
  static int end(int i, int bins, int n) {
    return (int) (((i + 1L) * n + bins - 1) / bins);
  }

  static int[] bins(String layer, int h, int w) {
    if (h < 1 || w < 1) {
      throw new IllegalArgumentException(
          layer + "(" + h + ", " + w + "): both sizes must be at least 1");
    }
    return new int[] {h, w};
  }

  static String settings(Window w) {
    return "kernel_size=" + w.kernelH() + ", stride=" + w.strideH() + ", padding=" + w.padH();
  }
}
