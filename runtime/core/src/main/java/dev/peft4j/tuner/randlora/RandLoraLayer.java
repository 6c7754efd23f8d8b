package dev.peft4j.tuner.randlora;

import dev.peft4j.nn.Buffer;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.LinearAdapter;
import dev.peft4j.tuner.SharedSizes;
import dev.peft4j.tuner.TunerContext;
import java.util.List;

/** {@link RandLoraTuner} on one layer. */
final class RandLoraLayer extends LinearAdapter {
  private final Buffer a;
  private final Buffer b;
  private final boolean saved;
  private final Parameter lambda;
  private final Parameter gamma;
  private final float scale;
  private final int r;
  private final int smaller;
  private final int bases;

  RandLoraLayer(WeightedLayer layer, RandLoraConfig c, TunerContext context) {
    super(layer, c.dropout(), context.rng());
    this.r = c.r();
    this.scale = (float) (c.alpha() / r);
    this.saved = c.saveProjection();
    this.smaller = Math.min(inputs(), out());
    this.bases = bases(smaller);
    SharedSizes sizes = SharedSizes.of(context);
    Projections shared =
        new Projections(c, sizes.smaller(), sizes.larger(), bases(sizes.smaller()));
    this.a = context.sharedBuffer("randlora_A", shared::a);
    this.b = context.sharedBuffer("randlora_B", shared::b);
    boolean zero = c.initWeights();
    this.lambda = zero ? Initial.constant(0, r, bases) : Initial.normal(context.rng(), 1, r, bases);
    int divisor = zero ? Math.max(bases, smaller) : Math.max(inputs(), out());
    this.gamma = Initial.constant((float) (1.0 / divisor), bases, smaller);
  }

  private int bases(int size) {
    return (size + r - 1) / r;
  }

  /** λ ⊙ A ⊙ γ, flattened to (r · n, min): A's rank comes first. */
  private Tensor small() {
    Tensor rows = a.dim(2) == smaller ? a : a.slice(2, 0, smaller);
    return lambda.reshape(r, bases, 1).mul(rows).mul(gamma).reshape(r * bases, smaller);
  }

  /** B, flattened to (max, n · r): its base comes first. */
  private Tensor large() {
    int larger = Math.max(inputs(), out());
    Tensor rows = b.dim(0) == larger ? b : b.slice(0, 0, larger);
    return (b.dim(1) == bases ? rows : rows.slice(1, 0, bases)).reshape(larger, bases * r);
  }

  @Override
  protected Tensor added(Tensor x) {
    Tensor y =
        smaller == inputs()
            ? x.linear(small(), null).linear(large(), null)
            : x.linear(large().transpose(0, 1), null).linear(small().transpose(0, 1), null);
    return y.mul(scale);
  }

  @Override
  protected Tensor delta() {
    Tensor product = large().matmul(small()).mul(scale);
    return smaller == inputs() ? product : product.transpose(0, 1);
  }

  @Override
  public List<Entry> parameters() {
    return List.of(
        new Entry("randlora_lambda", "", lambda), new Entry("randlora_gamma", "", gamma));
  }

  /** The shared matrices, which peft saves once for all layers and once more with each. */
  @Override
  public List<Constant> constants() {
    return saved
        ? List.of(
            Constant.shared("randlora_A", a),
            Constant.shared("randlora_B", b),
            new Constant("randlora_A", "", a, false),
            new Constant("randlora_B", "", b, false))
        : List.of();
  }
}
