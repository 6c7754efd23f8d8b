package dev.peft4j.tuner.vera;

import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.LinearAdapter;
import dev.peft4j.tuner.TunerContext;
import java.util.List;

/** {@link VeraTuner} on one layer. */
final class VeraLayer extends LinearAdapter {
  private final VeraProjections shared;
  private final boolean saved;
  private final Parameter lambdaB;
  private final Parameter lambdaD;

  VeraLayer(WeightedLayer layer, VeraConfig c, TunerContext context) {
    super(layer, c.dropout(), context.rng());
    this.shared = new VeraProjections(context, "vera", c.projectionSeed(), c.r(), c.r());
    this.saved = c.saveProjection();
    this.lambdaB = Initial.constant(c.initWeights() ? 0 : 1, out());
    this.lambdaD =
        c.initWeights()
            ? Initial.constant((float) c.dInitial(), c.r())
            : Initial.normal(context.rng(), 1, c.r());
  }

  private Tensor a() {
    return shared.a(0, rank(), inputs());
  }

  private Tensor b() {
    return shared.b(out());
  }

  @Override
  protected Tensor added(Tensor x) {
    return x.linear(a(), null).mul(lambdaD).linear(b(), null).mul(lambdaB);
  }

  @Override
  protected Tensor delta() {
    return b().mul(lambdaB.reshape(-1, 1)).matmul(a().mul(lambdaD.reshape(-1, 1)));
  }

  @Override
  public int rank() {
    return lambdaD.dim(0);
  }

  @Override
  public List<Entry> parameters() {
    return List.of(
        new Entry("vera_lambda_b", "", lambdaB), new Entry("vera_lambda_d", "", lambdaD));
  }

  @Override
  public List<Constant> constants() {
    return saved ? shared.constants() : List.of();
  }
}
