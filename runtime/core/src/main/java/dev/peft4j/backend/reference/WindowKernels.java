package dev.peft4j.backend.reference;

import dev.peft4j.data.Shape;
import dev.peft4j.op.Fold;
import dev.peft4j.op.Unfold;
import dev.peft4j.op.Window;

/** Patches of images, and the way back. */
final class WindowKernels {
  private WindowKernels() {}

  static void unfold(Unfold op, Values[] in, Values out) {
    visit(
        op.window(), in[0].shape(), (pixel, patch) -> out.floats()[patch] = in[0].floats()[pixel]);
  }

  static void fold(Fold op, Values[] in, Values out) {
    double[] sums = new double[out.floats().length];
    visit(op.window(), op.image(), (pixel, patch) -> sums[pixel] += in[0].floats()[patch]);
    for (int i = 0; i < sums.length; i++) {
      out.floats()[i] = (float) sums[i];
    }
  }

  private interface Pair {
    void visit(int pixel, int patch);
  }

  /**
   * Visits each pair of an image's element and the patch element that shows it; the padding belongs
   * to no pair.
   */
  private static void visit(Window w, Shape image, Pair pair) {
    int height = image.dim(2);
    int width = image.dim(3);
    int patch = 0;
    for (int plane = 0; plane < image.dim(0) * image.dim(1); plane++) {
      for (int kh = 0; kh < w.kernelH(); kh++) {
        for (int kw = 0; kw < w.kernelW(); kw++) {
          for (int y = 0; y < w.outH(height); y++) {
            for (int x = 0; x < w.outW(width); x++) {
              int row = y * w.strideH() - w.padH() + kh * w.dilationH();
              int column = x * w.strideW() - w.padW() + kw * w.dilationW();
              if (row >= 0 && row < height && column >= 0 && column < width) {
                pair.visit((plane * height + row) * width + column, patch);
              }
              patch++;
            }
          }
        }
      }
    }
  }
}
