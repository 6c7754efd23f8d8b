package dev.peft4j.tuner.frod;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Storage;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.LinearAdapter;
import dev.peft4j.tuner.SparsePlaces;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.Weights;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@link FrodTuner} on one layer. W = U · diag(start) · Vᵀ, so that what it adds to the layer's
 * result is U · (diag(λ - start) + S) · Vᵀ · x.
 */
final class FrodLayer extends LinearAdapter {
  private static final float SMALL = 0.1f;

  private final FrodConfig config;
  private final Bases.Basis basis;
  private final String category;
  private final Parameter lambda;
  private final Parameter values;
  private float[] weight;
  private volatile @Nullable Factors factors;

  /**
   * What follows from the base's weight and V.
   *
   * @param of the value of V that they are for, which is the same in each step while nothing
   *     replaces it; a leaf of the graph is not
   * @param version of that value
   * @param u (out, in), columns of length 1
   * @param start their lengths before (in)
   * @param places where S is trained
   */
  private record Factors(Storage of, int version, Tensor u, Tensor start, SparsePlaces places) {}

  FrodLayer(String path, WeightedLayer layer, FrodConfig c, TunerContext context) {
    super(layer, c.dropout(), context.rng());
    this.config = c;
    this.category = Bases.category(path);
    this.basis = context.common(Bases.class, () -> Bases.of(context, c)).of(category);
    this.weight = Weights.numbers(layer);
    float[] start = factors().start().toFloats();
    Rng rng = context.rng();
    int n = basis.indices().dim(1);
    float[] s = new float[n];
    if (!c.initWeights()) {
      s = rng.normal(n, 0, SMALL);
      float[] noise = rng.normal(start.length, 0, SMALL);
      for (int i = 0; i < start.length; i++) {
        start[i] += noise[i];
      }
    }
    this.lambda = new Parameter(start, inputs());
    this.values = new Parameter(s, n);
  }

  private Factors factors() {
    Factors f = factors;
    Storage now = basis.v().own();
    if (f == null || f.of != now || f.version != now.version()) {
      UnitColumns columns = UnitColumns.of(weight, out(), inputs(), basis.v().own().toFloats());
      long[] all = basis.indices().own().toLongs();
      int n = all.length / 2;
      f =
          new Factors(
              now,
              now.version(),
              Tensor.of(columns.u(), out(), inputs()),
              Tensor.of(columns.lengths(), inputs()),
              new SparsePlaces(
                  java.util.Arrays.copyOf(all, n),
                  java.util.Arrays.copyOfRange(all, n, 2 * n),
                  inputs(),
                  inputs()));
      factors = f;
    }
    return f;
  }

  @Override
  protected Tensor added(Tensor x) {
    Factors f = factors();
    Tensor z = x.linear(basis.v().transpose(0, 1), null);
    return z.mul(lambda.sub(f.start)).add(f.places.times(z, values)).linear(f.u, null);
  }

  @Override
  protected Tensor delta() {
    Factors f = factors();
    Tensor scaled = f.u.mul(lambda.sub(f.start)).add(f.u.matmul(f.places.matrix(values)));
    return scaled.matmul(basis.v().transpose(0, 1));
  }

  @Override
  public void baseGiven(Parameter original, Parameter value) {
    if (original == layer().weight()) {
      weight = Weights.numbers(layer(), value);
      factors = null;
    }
  }

  @Override
  public void rebased(TunerLayer again) {
    if (again instanceof FrodLayer now) {
      weight = now.weight;
      factors = null;
    }
  }

  @Override
  public boolean keepsOfBase() {
    return true;
  }

  @Override
  public @Nullable String problem() {
    for (long i : basis.indices().own().toLongs()) {
      if (i < 0 || i >= inputs()) {
        return "frod_s_indices."
            + category
            + " has "
            + i
            + ", but '"
            + layer().weight().name()
            + "' has only "
            + inputs()
            + " inputs";
      }
    }
    return null;
  }

  @Override
  public List<Entry> parameters() {
    return List.of(
        new Entry("frod_lambda_l", "", lambda), new Entry("frod_lambda_s_values", "", values));
  }

  @Override
  public List<Constant> constants() {
    return config.saveProjection()
        ? List.of(
            new Constant("frod_V", category, basis.v(), true),
            new Constant("frod_s_indices", category, basis.indices(), true),
            new Constant("frod_s_size", category, basis.size(), true))
        : List.of();
  }
}
