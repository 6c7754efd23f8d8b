package dev.peft4j.tuner.lora;

import dev.peft4j.linalg.LinearAlgebra;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.Weights;
import java.util.HashMap;
import java.util.Map;

/** CorDA: the directions of a weight that its inputs choose; see {@link LoraData#corda}. */
final class CordaStart {
  private static final double DAMPING = 0.01;
  private static final double INVERSE_ERROR = 0.05;

  private CordaStart() {}

  static void begin(StartLayers all, LoraConfig config, LoraData.CordaMethod method, Runnable run) {
    Map<String, double[]> sums = new HashMap<>();
    Map<String, Integer> calls = new HashMap<>();
    all.watch(
        run,
        (path, x) -> {
          int in = Weights.inputs(all.layer(path));
          addSquares(sums.computeIfAbsent(path, p -> new double[in * in]), x, in);
          calls.merge(path, 1, Integer::sum);
        });
    all.all()
        .forEach(
            (path, layer) -> {
              double[] sum = sums.get(path);
              if (sum == null) {
                throw new IllegalArgumentException("CorDA: nothing went through '" + path + "'");
              }
              int n = calls.getOrDefault(path, 1);
              float[] covariance = new float[sum.length];
              for (int i = 0; i < sum.length; i++) {
                covariance[i] = (float) (sum[i] / n);
              }
              float scale = (float) config.scaleOf(path);
              start(all, path, layer, covariance, config.rankOf(path), scale, method);
              all.takeOff(path, scale);
            });
  }

  /** Adds xᵀ·x of rows over their largest number. */
  private static void addSquares(double[] sum, float[] x, int in) {
    float largest = Float.NEGATIVE_INFINITY;
    for (float v : x) {
      largest = Math.max(largest, v);
    }
    float by = Math.abs(largest);
    for (int row = 0; row < x.length / in; row++) {
      for (int i = 0; i < in; i++) {
        float a = x[row * in + i] / by;
        for (int j = 0; j < in; j++) {
          sum[i * in + j] += a * (x[row * in + j] / by);
        }
      }
    }
  }

  private static void start(
      StartLayers all,
      String path,
      WeightedLayer layer,
      float[] covariance,
      int r,
      float scale,
      LoraData.CordaMethod method) {
    int in = Weights.inputs(layer);
    int out = Weights.outputs(layer);
    int k = Math.min(in, out);
    if (r > k) {
      throw new IllegalArgumentException(
          "CorDA needs a rank of at most " + k + " for '" + path + "'");
    }
    double mean = 0;
    for (int i = 0; i < in; i++) {
      mean += covariance[i * in + i] / in;
    }
    Tensor c = Tensor.of(covariance, in, in);
    double damping = DAMPING;
    Tensor damped;
    Tensor inverse;
    do {
      damped = c.add(Tensor.eye(in).mul((float) (mean * damping)));
      inverse = damped.inverse();
      damping *= 2;
    } while (damped.matmul(inverse).sub(Tensor.eye(in)).square().sum().sqrt().item()
        >= INVERSE_ERROR);
    Tensor w = Tensor.of(Weights.numbers(layer), out, in);
    LinearAlgebra.Svd svd = LinearAlgebra.available().svd(w.matmul(damped).toFloats(), out, in);
    float[] v = Tensor.of(svd.vt(), k, in).matmul(inverse).toFloats();
    int first = method == LoraData.CordaMethod.IPM ? 0 : k - r;
    float[] a = new float[r * in];
    float[] b = new float[out * r];
    for (int n = 0; n < r; n++) {
      float root = (float) Math.sqrt(svd.s()[first + n] / scale);
      for (int j = 0; j < in; j++) {
        a[n * in + j] = root * v[(first + n) * in + j];
      }
      for (int i = 0; i < out; i++) {
        b[i * r + n] = root * svd.u()[i * k + first + n];
      }
    }
    all.set(path, a, b);
  }
}
