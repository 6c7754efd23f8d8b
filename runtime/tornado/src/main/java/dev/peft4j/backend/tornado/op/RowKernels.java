package dev.peft4j.backend.tornado.op;

import dev.peft4j.backend.tornado.kernel.KernelCall;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task5;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task6;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task7;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Kernels over rows of the innermost dimension: softmax and norms with their gradients. One work
 * item computes one row.
 */
public final class RowKernels {
  private static final Task4<KernelContext, IntArray, FloatArray, FloatArray> SOFTMAX =
      RowKernels::peftSoftmax;
  private static final Task4<KernelContext, IntArray, FloatArray, FloatArray> LOG_SOFTMAX =
      RowKernels::peftLogSoftmax;
  private static final Task5<KernelContext, IntArray, FloatArray, FloatArray, FloatArray>
      SOFTMAX_GRAD = RowKernels::peftSoftmaxGrad;
  private static final Task7<
          KernelContext, IntArray, FloatArray, FloatArray, FloatArray, FloatArray, Float>
      LAYER_NORM = RowKernels::peftLayerNorm;
  private static final Task7<
          KernelContext, IntArray, FloatArray, FloatArray, FloatArray, FloatArray, Float>
      NORM_GRAD = RowKernels::peftNormGrad;
  private static final Task6<KernelContext, IntArray, FloatArray, FloatArray, FloatArray, Float>
      RMS_NORM = RowKernels::peftRmsNorm;

  private RowKernels() {}

  /** Returns the call that computes the softmax of each row. */
  public static KernelCall softmax(FloatArray x, FloatArray y, int rows, int n) {
    return call(SOFTMAX, rows, x, y, rows, n);
  }

  /** Returns the call that computes the logarithm of the softmax of each row. */
  public static KernelCall logSoftmax(FloatArray x, FloatArray y, int rows, int n) {
    return call(LOG_SOFTMAX, rows, x, y, rows, n);
  }

  /** Returns the call that computes the gradient of the softmax from its result. */
  public static KernelCall softmaxGrad(
      FloatArray y, FloatArray dy, FloatArray dx, int rows, int n) {
    return call(SOFTMAX_GRAD, rows, y, dy, dx, rows, n);
  }

  /** Returns the call that normalises each row: layer norm. */
  public static KernelCall layerNorm(
      FloatArray x, FloatArray w, FloatArray b, FloatArray y, int rows, int n, float eps) {
    return call(LAYER_NORM, rows, x, w, b, y, rows, n, eps);
  }

  /** Returns the call that computes the gradient of layer norm for its input. */
  public static KernelCall layerNormGrad(
      FloatArray x, FloatArray w, FloatArray dy, FloatArray dx, int rows, int n, float eps) {
    return call(NORM_GRAD, rows, x, w, dy, dx, rows, n, 1, eps);
  }

  /** Returns the call that normalises each row: RMS norm. */
  public static KernelCall rmsNorm(
      FloatArray x, FloatArray w, FloatArray y, int rows, int n, float eps) {
    return call(RMS_NORM, rows, x, w, y, rows, n, eps);
  }

  /** Returns the call that computes the gradient of RMS norm for its input. */
  public static KernelCall rmsNormGrad(
      FloatArray x, FloatArray w, FloatArray dy, FloatArray dx, int rows, int n, float eps) {
    return call(NORM_GRAD, rows, x, w, dy, dx, rows, n, 0, eps);
  }

  private static KernelCall call(Object code, int rows, Object... arguments) {
    List<Object> all = new java.util.ArrayList<>(List.of(KernelCall.CONTEXT));
    all.addAll(List.of(arguments));
    return new KernelCall(code, all, Grids.rows(rows));
  }

  static void peftSoftmax(KernelContext context, IntArray sizes, FloatArray x, FloatArray y) {
    int rows = sizes.get(0);
    int n = sizes.get(1);
    int r = context.globalIdx;
    if (r < rows) {
      int at = r * n;
      float most = x.get(at);
      for (int i = 1; i < n; i++) {
        float v = x.get(at + i);
        most = v > most ? v : most;
      }
      float sum = 0;
      for (int i = 0; i < n; i++) {
        float e = TornadoMath.exp(x.get(at + i) - most);
        y.set(at + i, e);
        sum += e;
      }
      for (int i = 0; i < n; i++) {
        y.set(at + i, y.get(at + i) / sum);
      }
    }
  }

  static void peftLogSoftmax(KernelContext context, IntArray sizes, FloatArray x, FloatArray y) {
    int rows = sizes.get(0);
    int n = sizes.get(1);
    int r = context.globalIdx;
    if (r < rows) {
      int at = r * n;
      float most = x.get(at);
      for (int i = 1; i < n; i++) {
        float v = x.get(at + i);
        most = v > most ? v : most;
      }
      float sum = 0;
      for (int i = 0; i < n; i++) {
        sum += TornadoMath.exp(x.get(at + i) - most);
      }
      float log = TornadoMath.log(sum);
      for (int i = 0; i < n; i++) {
        y.set(at + i, (x.get(at + i) - most) - log);
      }
    }
  }

  static void peftSoftmaxGrad(
      KernelContext context, IntArray sizes, FloatArray y, FloatArray dy, FloatArray dx) {
    int rows = sizes.get(0);
    int n = sizes.get(1);
    int r = context.globalIdx;
    if (r < rows) {
      int at = r * n;
      float sum = 0;
      for (int i = 0; i < n; i++) {
        sum += y.get(at + i) * dy.get(at + i);
      }
      for (int i = 0; i < n; i++) {
        dx.set(at + i, y.get(at + i) * (dy.get(at + i) - sum));
      }
    }
  }

  static void peftLayerNorm(
      KernelContext context,
      IntArray sizes,
      FloatArray x,
      FloatArray w,
      FloatArray b,
      FloatArray y,
      float eps) {
    int rows = sizes.get(0);
    int n = sizes.get(1);
    int r = context.globalIdx;
    if (r < rows) {
      int at = r * n;
      float sum = 0;
      for (int i = 0; i < n; i++) {
        sum += x.get(at + i);
      }
      float mean = sum / n;
      float squares = 0;
      for (int i = 0; i < n; i++) {
        float d = x.get(at + i) - mean;
        squares += d * d;
      }
      float squareMean = squares / n + eps;
      // squares that were too large for a float32 give NaN, not 0
      float inverse = 1 / TornadoMath.sqrt(squareMean) + 0f * squareMean;
      for (int i = 0; i < n; i++) {
        y.set(at + i, (x.get(at + i) - mean) * inverse * w.get(i) + b.get(i));
      }
    }
  }

  /** Layer norm's gradient; without the mean (the third size is 0) RMS norm's. */
  static void peftNormGrad(
      KernelContext context,
      IntArray sizes,
      FloatArray x,
      FloatArray w,
      FloatArray dy,
      FloatArray dx,
      float eps) {
    int rows = sizes.get(0);
    int n = sizes.get(1);
    int centred = sizes.get(2);
    int r = context.globalIdx;
    if (r < rows) {
      int at = r * n;
      float mean = 0;
      if (centred == 1) {
        float sum = 0;
        for (int i = 0; i < n; i++) {
          sum += x.get(at + i);
        }
        mean = sum / n;
      }
      float squares = 0;
      float gradients = 0;
      float products = 0;
      for (int i = 0; i < n; i++) {
        float d = x.get(at + i) - mean;
        float g = dy.get(at + i) * w.get(i);
        squares += d * d;
        gradients += g;
        products += g * d;
      }
      float squareMean = squares / n + eps;
      // squares that were too large for a float32 give NaN, not 0
      float inverse = 1 / TornadoMath.sqrt(squareMean) + 0f * squareMean;
      float mg = centred == 1 ? gradients / n : 0;
      float along = products * inverse / n;
      for (int i = 0; i < n; i++) {
        float hat = (x.get(at + i) - mean) * inverse;
        float g = dy.get(at + i) * w.get(i);
        dx.set(at + i, (g - mg - hat * along) * inverse);
      }
    }
  }

  static void peftRmsNorm(
      KernelContext context, IntArray sizes, FloatArray x, FloatArray w, FloatArray y, float eps) {
    int rows = sizes.get(0);
    int n = sizes.get(1);
    int r = context.globalIdx;
    if (r < rows) {
      int at = r * n;
      float squares = 0;
      for (int i = 0; i < n; i++) {
        float v = x.get(at + i);
        squares += v * v;
      }
      float squareMean = squares / n + eps;
      // squares that were too large for a float32 give NaN, not 0
      float inverse = 1 / TornadoMath.sqrt(squareMean) + 0f * squareMean;
      for (int i = 0; i < n; i++) {
        y.set(at + i, x.get(at + i) * inverse * w.get(i));
      }
    }
  }
}
