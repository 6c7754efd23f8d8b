package dev.peft4j.tuner.lora;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Buffer;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Parameter;
import dev.peft4j.random.Noise;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.TunerLayer;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * MonteCLoRA's sampling on one layer: in training Aᵀ + Σₙ eₙ·c·Zₙ·√Σ stands for Aᵀ, where Zₙ (in,
 * r) are samples of N(0, 1), Σ is the diagonal of e^(2s)·W with a sample W of a Wishart
 * distribution, and e = softmax(L·z + μ) is close to a sample of a Dirichlet distribution of
 * parameters e^p. s (r) and p (samples) are trained.
 */
final class MonteClora extends LoraWay {
  /** The group of what only training reads; files of adapters for inference lack it. */
  static final String SAMPLER = "lora_monteclora_sampler";

  private static final float LEAST_VARIANCE = 1e-3f;
  private static final float SMALL = 1e-6f;

  private final LoraVariant.MonteClora settings;
  private final Linear layer;
  private final Rng rng;
  private final int rank;
  private final Parameter deviation;
  private final Parameter weights;
  private final Buffer variance;
  private final Buffer shares;
  private volatile @Nullable Drawn last;

  /** What the last call of training drew: variances (r) and shares (samples). */
  private record Drawn(Tensor variance, Tensor shares) {}

  MonteClora(LoraVariant.MonteClora settings, Linear layer, int rank, Rng rng) {
    this.settings = settings;
    this.layer = layer;
    this.rank = rank;
    this.rng = rng.split();
    int n = settings.samples();
    this.deviation = new Parameter(rng.uniform(rank, 0, 1), rank);
    this.weights = new Parameter(rng.uniform(n, 0, 1), n);
    this.variance = new Buffer(Tensor.eye(rank).toFloats(), rank, rank);
    float[] equal = new float[n];
    Arrays.fill(equal, 1f / n);
    this.shares = new Buffer(equal, n);
  }

  @Override
  Tensor inner(Tensor x, Tensor a) {
    if (!layer.training()) {
      return x.linear(a, null);
    }
    Rng own = layer.generator(rng);
    int n = settings.samples();
    int in = layer.inFeatures();
    Tensor z = Tensor.of(Noise.normal(own, n * in * rank), n, in * rank);
    float[] wishart = Noise.of(rank * rank, () -> wishart(own, rank));
    Tensor zOfShares = Tensor.of(Noise.normal(own, n), n);
    Tensor v =
        deviation.mul(2).exp().mul(Tensor.of(diagonal(wishart), rank)).clampMin(LEAST_VARIANCE);
    Tensor e = shares(zOfShares);
    Drawn drawn = new Drawn(v, e);
    last = drawn;
    variance.follow(Tensor.eye(rank).mul(v));
    shares.follow(e);
    Tensor mean = e.reshape(1, n).matmul(z).reshape(in, rank);
    Tensor noise = mean.mul(v.sqrt()).mul((float) settings.scale());
    return x.linear(a.add(noise.transpose(0, 1)), null);
  }

  private Tensor shares(Tensor z) {
    int n = settings.samples();
    Tensor alpha = weights.exp().clampMin(SMALL);
    Tensor log = alpha.log();
    Tensor inverse = Tensor.ones(n).div(alpha);
    Tensor spread =
        inverse
            .mul(1 - 2f / n)
            .add(inverse.sum().mul(1f / ((float) n * n)))
            .clampMin(SMALL)
            .add(SMALL);
    return spread.sqrt().mul(z).add(log.sub(log.mean())).softmax(0);
  }

  private float[] diagonal(float[] matrix) {
    float[] diagonal = new float[rank];
    for (int i = 0; i < rank; i++) {
      diagonal[i] = matrix[i * rank + i];
    }
    return diagonal;
  }

  /**
   * A sample of the Wishart distribution of {@code n} degrees of freedom and the identity, by
   * Bartlett's decomposition.
   */
  private static float[] wishart(Rng rng, int n) {
    double[] lower = new double[n * n];
    for (int i = 0; i < n; i++) {
      double squares = 0; // chi-squared of n - i degrees of freedom
      for (float g : rng.normal(n - i, 0, 1)) {
        squares += g * g;
      }
      float[] below = rng.normal(i, 0, 1);
      for (int j = 0; j < i; j++) {
        lower[i * n + j] = below[j];
      }
      lower[i * n + i] = Math.sqrt(squares);
    }
    float[] product = new float[n * n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        double sum = 0;
        for (int k = 0; k <= Math.min(i, j); k++) {
          sum += lower[i * n + k] * lower[j * n + k];
        }
        product[i * n + j] = (float) sum;
      }
    }
    return product;
  }

  /** Returns this layer's part of the loss; null outside of training. */
  @Nullable Tensor loss() {
    if (!layer.training()) {
      return null;
    }
    Drawn drawn = last;
    Tensor v =
        drawn == null ? Tensor.of(diagonal(variance.own().toFloats()), rank) : drawn.variance;
    Tensor divergence = dirichlet().add(wishart()).add(normal(v.clampMin(SMALL)));
    Tensor loss = divergence.mul((float) settings.divergenceWeight());
    Tensor e = drawn == null ? shares : drawn.shares;
    return settings.entropy() ? loss.add(e.square().sum()) : loss;
  }

  /** The divergence from the Dirichlet distribution of equal parameters. */
  private Tensor dirichlet() {
    int n = settings.samples();
    double prior = settings.dirichletPrior();
    Tensor alpha = weights.exp();
    Tensor sum = alpha.sum();
    Tensor ofPrior =
        Gamma.log(Tensor.of(new float[] {(float) (n * prior), (float) prior}, 2))
            .mul(Tensor.of(new float[] {1, n}, 2))
            .sum();
    return Gamma.log(sum)
        .add(Gamma.log(alpha).sum())
        .sub(ofPrior)
        .add(alpha.sub((float) prior).mul(Gamma.digamma(alpha).sub(Gamma.digamma(sum))).sum());
  }

  private Tensor wishart() {
    Tensor log = deviation.mul(2);
    return log.exp().sum().sub(log.sum()).sub(rank).mul(0.5f * rank);
  }

  private Tensor normal(Tensor v) {
    return v.sum().sub(v.log().sum()).sub(rank).mul(0.5f * settings.samples());
  }

  @Override
  List<TunerLayer.Entry> entries() {
    return List.of(
        new TunerLayer.Entry(SAMPLER, "std_prior", deviation),
        new TunerLayer.Entry(SAMPLER, "expert_weights_prior", weights));
  }

  @Override
  List<TunerLayer.Constant> constants() {
    return List.of(
        new TunerLayer.Constant(SAMPLER, "gaussian_var_prior", variance, false, true),
        new TunerLayer.Constant(SAMPLER, "expert_weights", shares, false, true));
  }

  @Override
  List<Rng> generators() {
    return List.of(rng);
  }
}
