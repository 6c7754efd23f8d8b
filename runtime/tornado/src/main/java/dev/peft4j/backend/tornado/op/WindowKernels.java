package dev.peft4j.backend.tornado.op;

import dev.peft4j.backend.tornado.kernel.KernelCall;
import dev.peft4j.data.Shape;
import dev.peft4j.op.Window;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Patches of images, and the way back. */
public final class WindowKernels {
  private static final Task4<KernelContext, IntArray, FloatArray, FloatArray> UNFOLD =
      WindowKernels::peftUnfold;
  private static final Task4<KernelContext, IntArray, FloatArray, FloatArray> FOLD =
      WindowKernels::peftFold;

  private WindowKernels() {}

  /** Returns the call that copies the patches of images. */
  public static KernelCall unfold(Window w, FloatArray x, Shape image, FloatArray y) {
    int positions = w.outH(image.dim(2)) * w.outW(image.dim(3));
    return call(UNFOLD, w, x, image, y, image.dim(0) * image.dim(1) * w.kernel() * positions);
  }

  /** Returns the call that adds patches up to images. */
  public static KernelCall fold(Window w, FloatArray x, Shape image, FloatArray y) {
    return call(FOLD, w, x, image, y, image.size());
  }

  private static KernelCall call(
      Object code, Window w, FloatArray x, Shape image, FloatArray y, int total) {
    return new KernelCall(
        code,
        List.of(
            KernelCall.CONTEXT,
            x,
            y,
            total,
            image.dim(2),
            image.dim(3),
            w.outH(image.dim(2)),
            w.outW(image.dim(3)),
            w.kernelH(),
            w.kernelW(),
            w.strideH(),
            w.strideW(),
            w.padH(),
            w.padW(),
            w.dilationH(),
            w.dilationW()),
        Grids.items(total));
  }

  static void peftUnfold(KernelContext context, IntArray sizes, FloatArray x, FloatArray y) {
    int total = sizes.get(0);
    int height = sizes.get(1);
    int width = sizes.get(2);
    int outH = sizes.get(3);
    int outW = sizes.get(4);
    int kernelH = sizes.get(5);
    int kernelW = sizes.get(6);
    int strideH = sizes.get(7);
    int strideW = sizes.get(8);
    int padH = sizes.get(9);
    int padW = sizes.get(10);
    int dilationH = sizes.get(11);
    int dilationW = sizes.get(12);
    int i = context.globalIdx;
    if (i < total) {
      int column = i % outW;
      int rest = i / outW;
      int line = rest % outH;
      rest = rest / outH;
      int kw = rest % kernelW;
      rest = rest / kernelW;
      int kh = rest % kernelH;
      int plane = rest / kernelH;
      int h = line * strideH - padH + kh * dilationH;
      int w = column * strideW - padW + kw * dilationW;
      boolean inside = h >= 0 && h < height && w >= 0 && w < width;
      float v = 0f;
      if (inside) {
        v = x.get((plane * height + h) * width + w);
      }
      y.set(i, v);
    }
  }

  static void peftFold(KernelContext context, IntArray sizes, FloatArray x, FloatArray y) {
    int total = sizes.get(0);
    int height = sizes.get(1);
    int width = sizes.get(2);
    int outH = sizes.get(3);
    int outW = sizes.get(4);
    int kernelH = sizes.get(5);
    int kernelW = sizes.get(6);
    int strideH = sizes.get(7);
    int strideW = sizes.get(8);
    int padH = sizes.get(9);
    int padW = sizes.get(10);
    int dilationH = sizes.get(11);
    int dilationW = sizes.get(12);
    int i = context.globalIdx;
    if (i < total) {
      int w = i % width;
      int h = i / width % height;
      int plane = i / width / height;
      float sum = 0;
      for (int kh = 0; kh < kernelH; kh++) {
        int line = h + padH - kh * dilationH;
        for (int kw = 0; kw < kernelW; kw++) {
          int column = w + padW - kw * dilationW;
          if (line >= 0
              && line % strideH == 0
              && line / strideH < outH
              && column >= 0
              && column % strideW == 0
              && column / strideW < outW) {
            int patch = (plane * kernelH + kh) * kernelW + kw;
            sum += x.get((patch * outH + line / strideH) * outW + column / strideW);
          }
        }
      }
      y.set(i, sum);
    }
  }
}
