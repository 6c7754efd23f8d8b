package dev.peft4j.tuner.lora;

import dev.peft4j.data.Rng;
import dev.peft4j.linalg.LinearAlgebra;
import dev.peft4j.linalg.LowRankSvd;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.random.TorchGenerator;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.Weights;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntFunction;

/** LoRA-GA: singular vectors of the gradient; see {@link LoraData#loraGa}. */
final class GaStart {
  private static final int ITERATIONS = 4;
  private static final long SEED = 20240403;

  private GaStart() {}

  static void begin(
      StartLayers all,
      LoraConfig config,
      LoraData.GaDirection direction,
      LoraData.GaScale scale,
      double gamma,
      Runnable step) {
    Map<String, float[]> gradients = gradients(all, step);
    all.all()
        .forEach(
            (path, layer) -> {
              float s = (float) config.scaleOf(path);
              float[] g = Objects.requireNonNull(gradients.get(path));
              start(all, path, layer, g, config.rankOf(path), s, direction, scale, gamma);
              all.takeOff(path, s);
            });
  }

  private static Map<String, float[]> gradients(StartLayers all, Runnable step) {
    Map<String, float[]> found = new HashMap<>();
    all.all().values().forEach(layer -> layer.weight().unfreeze());
    try {
      all.withoutAdapter(step);
      all.all()
          .forEach(
              (path, layer) -> {
                Tensor g = layer.weight().grad();
                if (g == null) {
                  throw new IllegalArgumentException(
                      "LoRA-GA: no gradient reached '" + path + "'; call backward() on the loss");
                }
                Tensor mean = g.div(layer.weight().variable().passes().size());
                Tensor turned = layer instanceof TransposedLinear ? mean.transpose(0, 1) : mean;
                found.put(path, turned.toFloats());
              });
    } finally {
      all.all()
          .values()
          .forEach(
              layer -> {
                layer.weight().variable().clearGradient();
                layer.weight().freeze();
              });
    }
    return found;
  }

  private static void start(
      StartLayers all,
      String path,
      WeightedLayer layer,
      float[] gradient,
      int r,
      float s,
      LoraData.GaDirection direction,
      LoraData.GaScale scale,
      double gamma) {
    int in = Weights.inputs(layer);
    int out = Weights.outputs(layer);
    int q = Math.min(4 * r, Math.min(in, out));
    if (2 * r > q) {
      throw new IllegalArgumentException(
          "LoRA-GA needs a rank of at most " + q / 2 + " for '" + path + "', got " + r);
    }
    IntFunction<float[]> normal = normal(r * (in + out));
    LinearAlgebra.Svd svd = LowRankSvd.of(gradient, out, in, q, ITERATIONS, normal);
    float[] a = new float[r * in];
    float[] b = new float[out * r];
    float firstOfB = 0;
    for (int n = 0; n < r; n++) {
      int ofA =
          switch (direction) {
            case A_R_B_2R -> n;
            case A_2R_B_R -> r + n;
            case A_R_B_R -> 2 * n + 1;
          };
      int ofB =
          switch (direction) {
            case A_R_B_2R -> r + n;
            case A_2R_B_R -> n;
            case A_R_B_R -> 2 * n;
          };
      firstOfB = n == 0 ? svd.s()[ofB] : firstOfB;
      System.arraycopy(svd.vt(), ofA * in, a, n * in, in);
      for (int i = 0; i < out; i++) {
        b[i * r + n] = svd.u()[i * q + ofB] * svd.s()[ofB];
      }
    }
    double timesA = scale == LoraData.GaScale.GD_SCALE ? 1 / s : 1;
    double timesB =
        switch (scale) {
          case STABLE ->
              Math.pow(layer.weight().dim(0), 0.25) / Math.sqrt(gamma); // as stored, in peft
          case WEIGHT_SVD ->
              firstOfB > 0
                  ? LowRankSvd.of(Weights.numbers(layer), out, in, r, ITERATIONS, normal).s()[0]
                      / firstOfB
                  : 1;
          case GD_SCALE -> 1 / s;
          case UNIT -> 1;
        };
    all.set(path, times(a, timesA), times(b, timesB));
  }

  /** torch's global generator, from which peft has drawn a usual start by then, or a fixed one. */
  private static IntFunction<float[]> normal(int drawnBefore) {
    TorchGenerator torch = TorchGenerator.global();
    if (torch == null) {
      return n -> new Rng(SEED).normal(n, 0, 1);
    }
    torch.skip(drawnBefore);
    return n -> torch.normal(n, 0, 1);
  }

  private static float[] times(float[] x, double factor) {
    for (int i = 0; i < x.length; i++) {
      x[i] *= (float) factor;
    }
    return x;
  }
}
