package dev.peft4j.op;

import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;

/**
 * The geometry of a sliding window over an image: kernel, stride, zero padding and dilation, for
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
  /**
   * Creates a window.
   *
   * @throws ShapeException if a kernel, stride or dilation is less than 1, or a padding negative
   */
  public Window {
    positive("kernel", kernelH, kernelW);
    positive("stride", strideH, strideW);
    positive("dilation", dilationH, dilationW);
    if (padH < 0 || padW < 0) {
      throw new ShapeException(
          "window: a padding of " + padH + " x " + padW + ", needed 0 or more");
    }
    if ((long) kernelH * kernelW > Integer.MAX_VALUE) {
      throw new ShapeException(
          "window: a kernel of "
              + kernelH
              + " x "
              + kernelW
              + " has more than 2147483647 elements");
    }
  }

  private static void positive(String what, int h, int w) {
    if (h < 1 || w < 1) {
      throw new ShapeException("window: a " + what + " of " + h + " x " + w + ", needed 1 or more");
    }
  }

  /** Returns a square window. */
  public static Window square(int kernel, int stride, int padding) {
    return new Window(kernel, kernel, stride, stride, padding, padding, 1, 1);
  }

  /** Returns the number of positions along the height of an image. */
  public int outH(int h) {
    return out(h, kernelH, strideH, padH, dilationH);
  }

  /** Returns the number of positions along the width of an image. */
  public int outW(int w) {
    return out(w, kernelW, strideW, padW, dilationW);
  }

  private static int out(int size, int kernel, int stride, int pad, int dilation) {
    long padded = size + 2L * pad;
    long room = padded - (long) dilation * (kernel - 1) - 1;
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
    if (padded > Integer.MAX_VALUE) {
      throw new ShapeException(
          "conv2d: a side of "
              + size
              + " with padding "
              + pad
              + " is "
              + padded
              + " long, at most "
              + Integer.MAX_VALUE);
    }
    return (int) (room / stride) + 1;
  }

  /** Returns the number of elements of the kernel. */
  public int kernel() {
    return kernelH * kernelW;
  }

  Shape unfolded(Shape image) {
    if (image.rank() != 4) {
      throw new ShapeException(
          "conv2d: input of shape " + image + ", needed (batch, channels, height, width)");
    }
    long rows = (long) image.dim(1) * kernel();
    long positions = (long) outH(image.dim(2)) * outW(image.dim(3));
    if (rows > Integer.MAX_VALUE || positions > Integer.MAX_VALUE) {
      throw new ShapeException(
          "conv2d: input of shape "
              + image
              + " has "
              + positions
              + " positions of "
              + rows
              + " elements under "
              + this
              + ", more than fit one tensor");
    }
    return Shape.of(image.dim(0), (int) rows, (int) positions);
  }
}
