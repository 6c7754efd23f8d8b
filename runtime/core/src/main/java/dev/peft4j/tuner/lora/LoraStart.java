package dev.peft4j.tuner.lora;

import dev.peft4j.annotation.Init;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.linalg.LinearAlgebra;
import dev.peft4j.linalg.LowRankSvd;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.random.TorchGenerator;
import java.util.Arrays;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * What a LoRA adapter starts from, peft's {@code init_lora_weights}.
 *
 * @param bias of B, zero; null without {@code lora_bias}
 * @param fromWeight whether s·B·A is a part of the layer's weight, which has to be taken off the
 *     weight
 */
record LoraStart(Parameter a, Parameter b, @Nullable Parameter bias, boolean fromWeight) {
  /**
   * The same subspace is found whenever the same weight is decomposed, so that a saved adapter
   * finds its part again.
   */
  private static final long SKETCH = 20240403;

  static LoraStart of(String path, LoraKind kind, LoraConfig config, Rng rng) {
    int r = config.rankOf(path);
    Init init = config.init();
    if (kind.layer() instanceof Embedding) {
      if (config.loraBias()) {
        throw new IllegalArgumentException(
            "lora_bias is not supported for the embedding '" + path + "'");
      }
      // whatever else is asked for, as peft does
      Parameter a =
          init == Init.RANDOM
              ? Initial.normal(rng, 1, kind.shapeOfA(r))
              : Initial.constant(0, kind.shapeOfA(r));
      return new LoraStart(a, Initial.normal(rng, 1, kind.shapeOfB(r)), null, false);
    }
    if (kind.layer() instanceof Linear || kind.layer() instanceof TransposedLinear) {
      float scale = (float) config.scaleOf(path);
      switch (init) {
        case ORTHOGONAL -> {
          return orthogonal(path, kind, r, rng);
        }
        case PISSA -> {
          return pissa(path, kind, r, scale, config.pissaIterations());
        }
        case MICA -> {
          return mica(path, kind, r);
        }
        case OLORA -> {
          return olora(path, kind, r);
        }
        default -> {}
      }
    } else if (init != Init.DEFAULT && init != Init.RANDOM && init != Init.GAUSSIAN) {
      throw new IllegalArgumentException(
          "init "
              + init
              + " is not for '"
              + path
              + "', a "
              + kind.layer().getClass().getSimpleName()
              + ": it needs a linear layer; exclude it or use DEFAULT, GAUSSIAN or RANDOM");
    }
    Parameter a =
        init == Init.GAUSSIAN
            ? Initial.normal(rng, 1f / r, kind.shapeOfA(r))
            : Initial.kaimingUniform(rng, kind.shapeOfA(r));
    int[] up = kind.shapeOfB(r);
    Parameter b = init == Init.RANDOM ? Initial.kaimingUniform(rng, up) : Initial.constant(0, up);
    Parameter bias =
        !config.loraBias()
            ? null
            : init == Init.RANDOM ? Initial.bias(rng, r, up[0]) : Initial.constant(0, up[0]);
    return new LoraStart(a, b, bias, false);
  }

  /**
   * A and B whose product is not zero but small: from the odd and the even rows of one orthogonal
   * matrix.
   */
  private static LoraStart orthogonal(String path, LoraKind kind, int r, Rng rng) {
    if (r % 2 != 0) {
      throw new IllegalArgumentException(
          "Orthogonal initialization requires the LoRA rank to be even, got "
              + r
              + " for '"
              + path
              + "' instead.");
    }
    int half = r / 2;
    float[] q = LinearAlgebra.available().qr(rng.normal(r * r, 0, 1), r, r).q();
    float[] odd = new float[half * r];
    float[] even = new float[half * r];
    for (int i = 0; i < half; i++) {
      System.arraycopy(q, 2 * i * r, odd, i * r, r);
      System.arraycopy(q, (2 * i + 1) * r, even, i * r, r);
    }
    int in = kind.shapeOfA(r)[1];
    int out = kind.shapeOfB(r)[0];
    float[] a =
        product(LinearAlgebra.transposed(odd, half, r), rng.normal(half * in, 0, 1), r, half, in);
    float[] b = product(rng.normal(out * half, 0, 1), even, out, half, r);
    return new LoraStart(
        new Parameter(scaled(a, 0.1f), r, in), new Parameter(scaled(b, 0.1f), out, r), null, false);
  }

  /** B is the last left singular vectors, A zero; B is not trained. */
  private static LoraStart mica(String path, LoraKind kind, int r) {
    int out = kind.shapeOfB(r)[0];
    int in = kind.shapeOfA(r)[1];
    int k = Math.min(out, in);
    if (r > k) {
      throw new IllegalArgumentException(
          "MICA needs a rank of at most " + k + " for '" + path + "', got " + r);
    }
    float[] u = LinearAlgebra.available().svd(weight(kind), out, in).u();
    float[] b = new float[out * r];
    for (int i = 0; i < out; i++) {
      System.arraycopy(u, i * k + k - r, b, i * r, r);
    }
    return new LoraStart(Initial.constant(0, r, in), new Parameter(b, out, r), null, false);
  }

  /**
   * The r largest singular values and vectors, the values over s and shared between A and B (Meng
   * et al. 2024).
   */
  private static LoraStart pissa(String path, LoraKind kind, int r, float scale, int iterations) {
    int out = kind.shapeOfB(r)[0];
    int in = kind.shapeOfA(r)[1];
    if (!(scale > 0)) {
      throw new IllegalArgumentException(
          "PiSSA divides by the scale of '"
              + path
              + "', which is "
              + scale
              + ": alpha has to be"
              + " positive");
    }
    float[] w = weight(kind);
    LinearAlgebra.Svd svd;
    if (iterations < 0) {
      svd = LinearAlgebra.available().svd(w, out, in);
    } else {
      if (r > Math.min(out, in)) {
        throw new IllegalArgumentException(
            "PiSSA with iterations needs a rank of at most "
                + Math.min(out, in)
                + " for '"
                + path
                + "' of "
                + out
                + " x "
                + in
                + ", got "
                + r);
      }
      svd = LowRankSvd.of(w, out, in, r, iterations, sketch(r * (in + out)));
    }
    int n = svd.s().length;
    int k = Math.min(r, n);
    float[] a = new float[k * in];
    float[] b = new float[out * k];
    for (int i = 0; i < k; i++) {
      float root = (float) Math.sqrt(svd.s()[i] / scale);
      for (int j = 0; j < in; j++) {
        a[i * in + j] = root * svd.vt()[i * in + j];
      }
      for (int j = 0; j < out; j++) {
        b[j * k + i] = svd.u()[j * n + i] * root;
      }
    }
    return new LoraStart(new Parameter(a, k, in), new Parameter(b, out, k), null, true);
  }

  /**
   * The random numbers of an approximate decomposition. torch's global generator gives them as in
   * peft, which has drawn a usual start of A and B from it by then.
   */
  private static IntFunction<float[]> sketch(int drawnBefore) {
    TorchGenerator torch = TorchGenerator.global();
    if (torch == null) {
      return n -> new Rng(SKETCH).normal(n, 0, 1);
    }
    torch.skip(drawnBefore);
    return n -> torch.normal(n, 0, 1);
  }

  /** The first r columns of Q and rows of R of W = Q · R (Büyükakyüz 2024). */
  private static LoraStart olora(String path, LoraKind kind, int r) {
    int out = kind.shapeOfB(r)[0];
    int in = kind.shapeOfA(r)[1];
    LinearAlgebra.Qr qr = LinearAlgebra.available().qr(weight(kind), out, in);
    int n = Math.min(out, in);
    int k = Math.min(r, n);
    float[] b = new float[out * k];
    for (int i = 0; i < out; i++) {
      System.arraycopy(qr.q(), i * n, b, i * k, k);
    }
    return new LoraStart(
        new Parameter(Arrays.copyOf(qr.r(), k * in), k, in), new Parameter(b, out, k), null, true);
  }

  /**
   * The layer's weight as (out, in), however it is stored; the base's own, whatever adapter is
   * active.
   */
  private static float[] weight(LoraKind kind) {
    float[] w = kind.weight().own().toFloats();
    Shape s = kind.weight().shape();
    return kind.layer() instanceof TransposedLinear
        ? LinearAlgebra.transposed(w, s.dim(0), s.dim(1))
        : w;
  }

  private static float[] product(float[] a, float[] b, int m, int k, int n) {
    return dev.peft4j.tensor.Tensor.of(a, m, k)
        .matmul(dev.peft4j.tensor.Tensor.of(b, k, n))
        .toFloats();
  }

  private static float[] scaled(float[] x, float factor) {
    for (int i = 0; i < x.length; i++) {
      x[i] *= factor;
    }
    return x;
  }
}
