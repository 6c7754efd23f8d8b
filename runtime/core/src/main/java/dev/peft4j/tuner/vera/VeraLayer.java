package dev.peft4j.tuner.vera;

import dev.peft4j.nn.Buffer;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.random.TorchGenerator;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.LinearAdapter;
import dev.peft4j.tuner.SharedSizes;
import dev.peft4j.tuner.TunerContext;
import java.util.List;

/** {@link VeraTuner} on one layer. */
final class VeraLayer extends LinearAdapter {
  private static final double GAIN = 6;

  private final Buffer a;
  private final Buffer b;
  private final boolean saved;
  private final Parameter lambdaB;
  private final Parameter lambdaD;

  VeraLayer(WeightedLayer layer, VeraConfig c, TunerContext context) {
    super(layer, c.dropout(), context.rng());
    SharedSizes sizes = SharedSizes.of(context);
    TorchGenerator generator = new TorchGenerator(c.projectionSeed());
    this.a = context.sharedBuffer("vera_A", () -> drawn(generator, c.r(), sizes.inputs()));
    this.b = context.sharedBuffer("vera_B", () -> drawn(generator, sizes.out(), c.r()));
    this.saved = c.saveProjection();
    this.lambdaB = Initial.constant(c.initWeights() ? 0 : 1, out());
    this.lambdaD =
        c.initWeights()
            ? Initial.constant((float) c.dInitial(), c.r())
            : Initial.normal(context.rng(), 1, c.r());
  }

  /** A matrix uniform in ±√(6 / columns). */
  private static Buffer drawn(TorchGenerator generator, int rows, int columns) {
    double bound = Math.sqrt(GAIN / columns);
    return new Buffer(generator.uniform(rows * columns, -bound, bound), rows, columns);
  }

  private Tensor a() {
    return a.dim(1) == inputs() ? a : a.slice(1, 0, inputs());
  }

  private Tensor b() {
    return b.dim(0) == out() ? b : b.slice(0, 0, out());
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
    return saved ? List.of(Constant.shared("vera_A", a), Constant.shared("vera_B", b)) : List.of();
  }
}
