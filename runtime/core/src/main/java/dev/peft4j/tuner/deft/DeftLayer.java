package dev.peft4j.tuner.deft;

import dev.peft4j.data.Rng;
import dev.peft4j.linalg.LinearAlgebra;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdapterDropout;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** {@link DeftTuner} on one layer. */
final class DeftLayer implements TunerLayer {
  private final WeightedLayer layer;
  private final DeftConfig config;
  private final float scale;
  private final Parameter p;
  private final @Nullable Parameter injected;
  private final AdapterDropout dropout;

  /** The directions that are put in and taken out: (out, r). */
  private record Directions(Tensor left, Tensor right) {}

  DeftLayer(WeightedLayer layer, DeftConfig config, Rng rng) {
    this.layer = layer;
    this.config = config;
    int out = Weights.outputs(layer);
    int r = Math.min(config.r(), out);
    this.scale = config.alpha() == 0 ? 1 : (float) ((double) config.alpha() / r);
    this.p = Initial.normal(rng, 0.02f, out, r);
    this.injected = config.para() ? null : firstInjected(r, rng);
    this.dropout = new AdapterDropout(layer, config.dropout(), rng);
  }

  private Parameter firstInjected(int r, Rng rng) {
    int in = Weights.inputs(layer);
    if (!config.initWeights()) {
      return Initial.normal(rng, (float) (0.02 * config.initScale()), r, in);
    }
    Tensor removed = removed(directions()).div(scale);
    return new Parameter(removed.toFloats(), r, in);
  }

  private Directions directions() {
    if (config.method() == DeftMethod.RELU) {
      return new Directions(p, p.relu());
    }
    Tensor q = orthonormal(p);
    return new Directions(q, q);
  }

  /**
   * Q of the reduced QR decomposition, with its gradient. The decomposition is made at once; the
   * graph has its differential, dQ = dP·R⁻¹ − Q·(C − Ω) with C = Qᵀ·dP·R⁻¹ and Ω the skew-symmetric
   * matrix that is C below the diagonal, which is linear in P and zero at P itself.
   */
  private static Tensor orthonormal(Tensor p) {
    int n = p.dim(0);
    int r = p.dim(1);
    LinearAlgebra.Qr qr = LinearAlgebra.available().qr(p.toFloats(), n, r);
    Tensor q = Tensor.of(qr.q(), n, r);
    Tensor change = p.matmul(Tensor.of(invertedTriangle(qr.r(), r), r, r));
    Tensor c = q.transpose(0, 1).matmul(change);
    Tensor below = c.tril(-1);
    Tensor skew = below.sub(below.transpose(0, 1));
    Tensor linear = change.sub(q.matmul(c.sub(skew)));
    return q.add(linear.sub(linear.detach()));
  }

  private static float[] invertedTriangle(float[] upper, int n) {
    double[] inverse = new double[n * n];
    for (int j = 0; j < n; j++) {
      inverse[j * n + j] = 1.0 / upper[j * n + j];
      for (int i = j - 1; i >= 0; i--) {
        double sum = 0;
        for (int k = i + 1; k <= j; k++) {
          sum += upper[i * n + k] * inverse[k * n + j];
        }
        inverse[i * n + j] = -sum / upper[i * n + i];
      }
    }
    float[] result = new float[n * n];
    for (int i = 0; i < result.length; i++) {
      result[i] = (float) inverse[i];
    }
    return result;
  }

  /** What the directions have of the weight: (r, in). */
  private Tensor removed(Directions d) {
    return d.right.transpose(0, 1).matmul(Weights.matrix(layer));
  }

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    Directions d = directions();
    Tensor inner = Weights.product(layer, x).matmul(d.right).neg();
    if (injected != null) {
      inner = inner.add(dropout.apply(x).linear(injected, null).mul(scale));
    }
    return base.apply(x).add(inner.linear(d.left, null));
  }

  @Override
  public int rank() {
    return p.dim(1);
  }

  @Override
  public List<Entry> parameters() {
    List<Entry> all = new ArrayList<>();
    all.add(new Entry("deft_P", "", p));
    if (injected != null) {
      all.add(new Entry("deft_R", "", injected));
    }
    return all;
  }

  @Override
  public List<Rng> generators() {
    return dropout.generators();
  }

  @Override
  public Map<Parameter, Tensor> merged() {
    Directions d = directions();
    Tensor inner = removed(d).neg();
    if (injected != null) {
      inner = inner.add(injected.mul(scale));
    }
    Tensor delta = Weights.likeWeight(layer, d.left.matmul(inner));
    return Map.of(layer.weight(), layer.weight().add(delta));
  }
}
