package dev.peft4j.tuner.pvera;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.LinearAdapter;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.vera.VeraProjections;
import java.util.ArrayList;
import java.util.List;

/** {@link PveraTuner} on one layer. */
final class PveraLayer extends LinearAdapter {
  private final PveraConfig config;
  private final VeraProjections shared;
  private final Parameter lambdaB;
  private final Parameter lambdaD;
  private final Samples samples;

  PveraLayer(WeightedLayer layer, PveraConfig c, TunerContext context) {
    super(layer, c.dropout(), context.rng());
    this.config = c;
    this.shared = new VeraProjections(context, "pvera", c.projectionSeed(), 2 * c.r(), c.r());
    this.lambdaB = Initial.constant(c.initWeights() ? 0 : 1, out());
    this.lambdaD =
        c.initWeights()
            ? Initial.constant((float) c.dInitial(), 2 * c.r())
            : Initial.normal(context.rng(), 1, 2 * c.r());
    this.samples = new Samples(layer, c.generatorSeed(), context.rng());
  }

  private Tensor b() {
    return shared.b(out());
  }

  /** λ_d ⊙ A · x for the first hidden values: A is frozen, so its product is not differentiated. */
  private Tensor hidden(Tensor x, int count) {
    return x.linear(shared.a(0, count, inputs()), null).mul(lambdaD.slice(0, 0, count));
  }

  @Override
  protected Tensor added(Tensor x) {
    int r = config.r();
    if (!layer().training() && !config.sampleAtInference()) {
      return hidden(x, r).linear(b(), null).mul(lambdaB);
    }
    Tensor hidden = hidden(x, 2 * r);
    Tensor mean = hidden.slice(-1, 0, r);
    Tensor deviation = hidden.slice(-1, r, 2 * r).mul(0.5f).exp();
    Tensor z = mean.add(samples.of(mean.shape()).mul(deviation));
    return z.linear(b(), null).mul(lambdaB);
  }

  @Override
  protected Tensor delta() {
    int r = config.r();
    Tensor scaled = shared.a(0, r, inputs()).mul(lambdaD.slice(0, 0, r).reshape(-1, 1));
    return b().mul(lambdaB.reshape(-1, 1)).matmul(scaled);
  }

  @Override
  public int rank() {
    return config.r();
  }

  @Override
  public List<Entry> parameters() {
    return List.of(
        new Entry("pvera_lambda_b", "", lambdaB), new Entry("pvera_lambda_d", "", lambdaD));
  }

  @Override
  public List<Constant> constants() {
    return config.saveProjection() ? shared.constants() : List.of();
  }

  @Override
  public List<Rng> generators() {
    List<Rng> all = new ArrayList<>(super.generators());
    all.add(samples.generator());
    return all;
  }
}
