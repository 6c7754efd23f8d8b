package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;

/**
 * The geometry of a sliding window over an image: kernel, stride, zero padding and dilation, each
 * height and width.
 */
public record Window(
    int kernelH,
    int kernelW,
    int strideH,
    int strideW,
    int padH,
    int padW,
    int dilationH,
    int dilationW) {
  /** A square window. */
  public static Window square(int kernel, int stride, int padding) {
    return new Window(kernel, kernel, stride, stride, padding, padding, 1, 1);
  }

  /** Positions along the height of an image. */
  public int outH(int h) {
    return out(h, kernelH, strideH, padH, dilationH);
  }

  /** Positions along the width of an image. */
  public int outW(int w) {
    return out(w, kernelW, strideW, padW, dilationW);
  }

  private int out(int size, int kernel, int stride, int pad, int dilation) {
    int room = size + 2 * pad - dilation * (kernel - 1) - 1;
    if (room < 0) {
      throw new ShapeException(
          "conv2d: a kernel of "
              + kernel
              + " (dilation "
              + dilation
              + ") is larger than a side of "
              + size
              + " with padding "
              + pad);
    }
    return room / stride + 1;
  }

  /** Elements of the kernel. */
  public int kernel() {
    return kernelH * kernelW;
  }

  Shape unfolded(Shape image) {
    if (image.rank() != 4) {
      throw new ShapeException(
          "conv2d: input of shape " + image + ", needed (batch, channels, height, width)");
    }
    return Shape.of(image.dim(0), image.dim(1) * kernel(), outH(image.dim(2)) * outW(image.dim(3)));
  }
}
