package dev.peft4j.backend.cpu;

import dev.peft4j.data.Shape;
import dev.peft4j.op.Fold;
import dev.peft4j.op.Unfold;
import dev.peft4j.op.Window;

/** Patches of images as columns, and their adjoint. */
final class WindowKernel extends Kernel {
  private final Window window;
  private final Shape image;
  private final boolean fold;
  private final int parts;

  private WindowKernel(Site site, Window window, Shape image, boolean fold) {
    super(site);
    this.window = window;
    this.image = image;
    this.fold = fold;
    int positions = window.outH(image.dim(2)) * window.outW(image.dim(3));
    int channels = image.dim(0) * image.dim(1);
    this.parts = parts((long) channels * window.kernel() * positions, channels);
  }

  static Kernel unfold(Site site) {
    return new WindowKernel(site, ((Unfold) site.step().op()).window(), site.in(0), false);
  }

  static Kernel fold(Site site) {
    Fold op = (Fold) site.step().op();
    return new WindowKernel(site, op.window(), op.image(), true);
  }

  @Override
  void run() {
    share(parts);
  }

  @Override
  public void run(int part) {
    int channels = image.dim(0) * image.dim(1);
    int plane = image.dim(2) * image.dim(3);
    int positions = window.outH(image.dim(2)) * window.outW(image.dim(3));
    for (int c = start(channels, part, parts); c < start(channels, part + 1, parts); c++) {
      long columns = 4L * c * window.kernel() * positions;
      long pixels = 4L * c * plane;
      if (fold) {
        Loops.best().fill(0, out() + pixels, plane);
        channel(out() + pixels, in(0) + columns);
      } else {
        channel(in(0) + pixels, out() + columns);
      }
    }
  }

  /** All patches of one channel of one image: from its pixels to its columns, or back. */
  private void channel(long pixels, long columns) {
    int h = image.dim(2);
    int w = image.dim(3);
    int outH = window.outH(h);
    int outW = window.outW(w);
    long column = columns;
    for (int kh = 0; kh < window.kernelH(); kh++) {
      for (int kw = 0; kw < window.kernelW(); kw++) {
        for (int oh = 0; oh < outH; oh++) {
          int y = oh * window.strideH() - window.padH() + kh * window.dilationH();
          for (int ow = 0; ow < outW; ow++, column += 4) {
            int x = ow * window.strideW() - window.padW() + kw * window.dilationW();
            boolean inside = y >= 0 && y < h && x >= 0 && x < w;
            long pixel = pixels + 4L * ((long) y * w + x);
            if (!fold) {
              Memory.set(column, inside ? Memory.get(pixel) : 0);
            } else if (inside) {
              Memory.set(pixel, Memory.get(pixel) + Memory.get(column));
            }
          }
        }
      }
    }
  }
}
