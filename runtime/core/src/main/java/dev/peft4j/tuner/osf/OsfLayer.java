package dev.peft4j.tuner.osf;

import dev.peft4j.data.Rng;
import dev.peft4j.linalg.LinearAlgebra;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.LinearAdapter;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.Weights;
import java.util.List;

/** {@link OsfTuner} on one layer. */
final class OsfLayer extends LinearAdapter {
  private final int high;
  private final Parameter u;
  private final Parameter s;
  private final Parameter v;
  private Triples base;

  /**
   * The singular triples of the base's weight: those that stay, and those that are trained.
   *
   * @param highU (out, high)
   * @param highV (high, in)
   */
  private record Triples(Tensor u, Tensor s, Tensor v, Tensor highU, Tensor highV) {
    static Triples of(float[] weight, int out, int in, int high) {
      LinearAlgebra.Svd svd = LinearAlgebra.available().svd(weight, out, in);
      int k = svd.s().length;
      Tensor u = Tensor.of(svd.u(), out, k);
      Tensor s = Tensor.of(svd.s(), k);
      Tensor v = Tensor.of(svd.vt(), k, in);
      return new Triples(
          known(u.slice(1, high, k)),
          known(s.slice(0, high, k)),
          known(v.slice(0, high, k)),
          known(u.slice(1, 0, high)),
          known(v.slice(0, 0, high)));
    }

    private static Tensor known(Tensor t) {
      return Tensor.of(t.toFloats(), t.shape().toArray());
    }
  }

  OsfLayer(String path, Linear layer, OsfConfig c, Rng rng) {
    super(layer, 0, rng);
    int smaller = Math.min(inputs(), out());
    this.high = OsfRanks.of(path, c, smaller);
    this.base = Triples.of(Weights.numbers(layer), out(), inputs(), high);
    int low = smaller - high;
    boolean same = c.initWeights();
    this.u = same ? copy(base.u) : Initial.normal(rng, 1, out(), low);
    this.s = same ? copy(base.s) : Initial.normal(rng, 1, low);
    this.v = same ? copy(base.v) : Initial.normal(rng, 1, low, inputs());
  }

  private static Parameter copy(Tensor t) {
    return new Parameter(t.toFloats(), t.shape().toArray());
  }

  /** U_low, whose gradient leaves the space of the largest left vectors alone. */
  private Tensor u() {
    Tensor kept =
        out() > inputs()
            ? u.sub(base.highU.matmul(base.highU.transpose(0, 1).matmul(u)))
            : base.u.matmul(base.u.transpose(0, 1).matmul(u));
    return u.detach().withGradientOf(kept);
  }

  /** V_low, whose gradient leaves the space of the largest right vectors alone. */
  private Tensor v() {
    Tensor kept =
        out() < inputs()
            ? v.sub(v.matmul(base.highV.transpose(0, 1)).matmul(base.highV))
            : v.matmul(base.v.transpose(0, 1)).matmul(base.v);
    return v.detach().withGradientOf(kept);
  }

  @Override
  protected Tensor added(Tensor x) {
    Tensor now = x.linear(v(), null).mul(s).linear(u(), null);
    return now.sub(x.linear(base.v, null).mul(base.s).linear(base.u, null));
  }

  @Override
  protected Tensor delta() {
    return u.mul(s).matmul(v).sub(base.u.mul(base.s).matmul(base.v));
  }

  @Override
  public void baseGiven(Parameter original, Parameter value) {
    if (original == layer().weight()) {
      base = Triples.of(value.own().toFloats(), out(), inputs(), high);
    }
  }

  @Override
  public void rebased(TunerLayer again) {
    if (again instanceof OsfLayer now) {
      base = now.base;
    }
  }

  @Override
  public boolean keepsOfBase() {
    return true;
  }

  @Override
  public List<Entry> parameters() {
    return List.of(
        new Entry("osf_svd_params", "S_low", s),
        new Entry("osf_svd_params", "U_low", u),
        new Entry("osf_svd_params", "V_low", v));
  }
}
