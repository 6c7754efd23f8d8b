package dev.peft4j.tuner.delora;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Buffer;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.LinearAdapter;
import dev.peft4j.tuner.PatternMap;
import dev.peft4j.tuner.Weights;
import java.util.List;

/** {@link DeloraTuner} on one layer. */
final class DeloraLayer extends LinearAdapter {
  private static final float LEAST_NORM = 1e-4f;

  private final Parameter a;
  private final Parameter b;
  private final Parameter lambda;
  private final Buffer norms;
  private final int r;

  DeloraLayer(String path, Linear layer, DeloraConfig c, Rng rng) {
    super(layer, c.moduleDropout(), rng);
    this.r = c.rankOf(path);
    this.a = Initial.kaimingUniform(rng, r, inputs());
    this.b =
        c.initWeights() ? Initial.constant(0, out(), r) : Initial.kaimingUniform(rng, out(), r);
    double bound = PatternMap.of(c.lambdaPattern()).valueFor(path, c.lambda());
    this.lambda = Initial.constant((float) bound, 1);
    this.norms = new Buffer(columnNorms(Weights.numbers(layer), inputs()), inputs());
  }

  private static float[] columnNorms(float[] weight, int columns) {
    double[] squares = new double[columns];
    for (int i = 0; i < weight.length; i++) {
      squares[i % columns] += (double) weight[i] * weight[i];
    }
    float[] norms = new float[columns];
    for (int j = 0; j < columns; j++) {
      norms[j] = (float) Math.sqrt(squares[j]);
    }
    return norms;
  }

  /** λ / (r · ‖A_k‖ · ‖B_k‖) for each rank. */
  private Tensor scales() {
    Tensor rows = a.norm(1).clampMin(LEAST_NORM);
    Tensor columns = b.norm(0).clampMin(LEAST_NORM);
    return lambda.div(r).div(rows.mul(columns));
  }

  @Override
  protected Tensor added(Tensor x) {
    return x.mul(norms).linear(a, null).mul(scales()).linear(b, null);
  }

  @Override
  protected Tensor delta() {
    return b.mul(scales()).matmul(a).mul(norms);
  }

  @Override
  public int rank() {
    return r;
  }

  @Override
  public List<Entry> parameters() {
    return List.of(
        new Entry("delora_A", "", a),
        new Entry("delora_B", "", b),
        new Entry("delora_lambda", "", lambda));
  }

  @Override
  public List<Constant> constants() {
    return List.of(new Constant("delora_w_norm", "", norms, false));
  }
}
