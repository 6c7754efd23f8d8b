package dev.peft4j.tuner.psoft;

import dev.peft4j.data.Rng;
import dev.peft4j.linalg.LinearAlgebra;
import dev.peft4j.linalg.LowRankSvd;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Parameter;
import dev.peft4j.random.TorchGenerator;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.BlockRotation;
import dev.peft4j.tuner.LinearAdapter;
import dev.peft4j.tuner.TunerLayer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@link PsoftTuner} on one layer. */
final class PsoftLayer extends LinearAdapter {
  private final PsoftConfig config;
  private final float scale;
  private final BlockRotation rotation;
  private final Parameter weight;
  private final @Nullable Parameter rows;
  private final @Nullable Parameter columns;
  private Tensor a;
  private Tensor b;

  /** The frozen factors: A (r, in) and B (out, r). */
  private record Factors(Tensor a, Tensor b) {}

  PsoftLayer(String path, Linear layer, PsoftConfig config, Rng rng) {
    int r = config.r();
    int least = Math.min(layer.inFeatures(), layer.outFeatures());
    if (r > least) {
      throw new IllegalArgumentException(
          "r (" + r + ") must be at most " + least + ", the smaller size of '" + path + "'");
    }
    this.weight = firstWeight(config, rng);
    super(layer, config.dropout(), rng);
    this.config = config;
    this.scale = (float) (config.alpha() / r);
    this.rotation = new BlockRotation(r);
    this.rows = config.magB() ? Initial.constant(1, r) : null;
    this.columns = config.magA() ? Initial.constant(1, r) : null;
    Factors f = factors();
    this.a = f.a;
    this.b = f.b;
  }

  private static Parameter firstWeight(PsoftConfig config, Rng rng) {
    int r = config.r();
    boolean zero = config.initWeights();
    if (config.orth()) {
      int n = BlockRotation.elements(r);
      return zero ? Initial.constant(0, n) : Initial.normal(rng, 0.1f, n);
    }
    float[] values = zero ? new float[r * r] : rng.normal(r * r, 0, 0.1f);
    for (int i = 0; i < r; i++) {
      values[i * r + i] += 1;
    }
    return new Parameter(values, r, r);
  }

  /** The principal part of the weight, over the scale, as a product. */
  private Factors factors() {
    int r = config.r();
    int in = inputs();
    int out = out();
    float[] w = layer().weight().ownTensor().toFloats();
    LinearAlgebra.Svd svd =
        config.svd() == PsoftSvd.FULL
            ? LinearAlgebra.available().svd(w, out, in)
            : LowRankSvd.of(
                w,
                out,
                in,
                r,
                config.iterations(),
                n -> new TorchGenerator(config.seed()).normal(n, 0, 1));
    int n = svd.s().length;
    float[] left = new float[out * r];
    float[] right = new float[r * in];
    for (int k = 0; k < r; k++) {
      float s = svd.s()[k] / scale;
      float ofB = config.share() == PsoftShare.PSOFT ? s : (float) Math.sqrt(s);
      float ofA = config.share() == PsoftShare.PSOFT ? 1 : (float) Math.sqrt(s);
      for (int i = 0; i < out; i++) {
        left[i * r + k] = svd.u()[i * n + k] * ofB;
      }
      for (int j = 0; j < in; j++) {
        right[k * in + j] = svd.vt()[k * in + j] * ofA;
      }
    }
    return new Factors(Tensor.of(right, r, in), Tensor.of(left, out, r));
  }

  /** R − I. */
  private Tensor change() {
    Tensor r = config.orth() ? turn() : weight;
    if (rows != null) {
      r = r.mul(rows.reshape(-1, 1));
    }
    if (columns != null) {
      r = r.mul(columns);
    }
    return r.sub(Tensor.eye(config.r()));
  }

  private Tensor turn() {
    int n = config.r();
    Tensor q = rotation.skew(weight.reshape(1, -1)).reshape(n, n);
    if (!config.useCayleyNeumann()) {
      return BlockRotation.cayley(q.neg());
    }
    float eps = (float) config.neumannEps();
    if (eps > 0) {
      Tensor norm = q.square().sum().clampMin(eps * eps).sqrt(); // 0 has no gradient
      q = q.mul(Tensor.full(eps).div(norm));
    }
    return BlockRotation.neumann(q, config.neumannTerms());
  }

  @Override
  protected Tensor added(Tensor x) {
    return x.linear(a, null).linear(change(), null).linear(b, null).mul(scale);
  }

  @Override
  public int rank() {
    return config.r();
  }

  @Override
  public boolean keepsOfBase() {
    return true;
  }

  @Override
  public void rebased(TunerLayer again) {
    if (again instanceof PsoftLayer now) {
      a = now.a;
      b = now.b;
    }
  }

  @Override
  public List<Entry> parameters() {
    List<Entry> all = new ArrayList<>();
    all.add(new Entry("psoft_R", "weight", weight));
    if (rows != null) {
      all.add(new Entry("psoft_R", "vector_b", rows));
    }
    if (columns != null) {
      all.add(new Entry("psoft_R", "vector_a", columns));
    }
    return all;
  }

  @Override
  protected Tensor delta() {
    return b.matmul(change()).matmul(a).mul(scale);
  }
}
