package dev.peft4j.tuner.pvera;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Buffer;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.random.TorchGenerator;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.LinearAdapter;
import dev.peft4j.tuner.SharedSizes;
import dev.peft4j.tuner.TunerContext;
import java.util.ArrayList;
import java.util.List;

/** {@link PveraTuner} on one layer. */
final class PveraLayer extends LinearAdapter {
  private static final double GAIN = 6;

  private final PveraConfig config;
  private final Buffer a;
  private final Buffer b;
  private final Parameter lambdaB;
  private final Parameter lambdaD;
  private final Samples samples;

  PveraLayer(WeightedLayer layer, PveraConfig c, TunerContext context) {
    super(layer, c.dropout(), context.rng());
    this.config = c;
    SharedSizes sizes = SharedSizes.of(context);
    TorchGenerator generator = new TorchGenerator(c.projectionSeed());
    this.a = context.sharedBuffer("pvera_A", () -> drawn(generator, 2 * c.r(), sizes.inputs()));
    this.b = context.sharedBuffer("pvera_B", () -> drawn(generator, sizes.out(), c.r()));
    this.lambdaB = Initial.constant(c.initWeights() ? 0 : 1, out());
    this.lambdaD =
        c.initWeights()
            ? Initial.constant((float) c.dInitial(), 2 * c.r())
            : Initial.normal(context.rng(), 1, 2 * c.r());
    this.samples = new Samples(layer, c.generatorSeed(), context.rng());
  }

  /** A matrix uniform in ±√(6 / columns). */
  private static Buffer drawn(TorchGenerator generator, int rows, int columns) {
    double bound = Math.sqrt(GAIN / columns);
    return new Buffer(generator.uniform(rows * columns, -bound, bound), rows, columns);
  }

  private Tensor b() {
    return b.dim(0) == out() ? b : b.slice(0, 0, out());
  }

  /** The rows of λ_d ⊙ A for some of the hidden values. */
  private Tensor scaled(int from, int to) {
    Tensor rows = a.slice(0, from, to);
    return (a.dim(1) == inputs() ? rows : rows.slice(1, 0, inputs()))
        .mul(lambdaD.slice(0, from, to).reshape(-1, 1));
  }

  @Override
  protected Tensor added(Tensor x) {
    int r = config.r();
    if (!layer().training() && !config.sampleAtInference()) {
      return x.linear(scaled(0, r), null).linear(b(), null).mul(lambdaB);
    }
    Tensor hidden = x.linear(scaled(0, 2 * r), null);
    Tensor mean = hidden.slice(-1, 0, r);
    Tensor deviation = hidden.slice(-1, r, 2 * r).mul(0.5f).exp();
    Tensor z = mean.add(samples.of(mean.shape()).mul(deviation));
    return z.linear(b(), null).mul(lambdaB);
  }

  @Override
  protected Tensor delta() {
    return b().mul(lambdaB.reshape(-1, 1)).matmul(scaled(0, config.r()));
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
    return config.saveProjection()
        ? List.of(Constant.shared("pvera_A", a), Constant.shared("pvera_B", b))
        : List.of();
  }

  @Override
  public List<Rng> generators() {
    List<Rng> all = new ArrayList<>(super.generators());
    all.add(samples.generator());
    return all;
  }
}
