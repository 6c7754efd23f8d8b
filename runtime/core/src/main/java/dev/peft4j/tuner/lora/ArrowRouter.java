package dev.peft4j.tuner.lora;

import dev.peft4j.nn.Linear;
import dev.peft4j.random.TorchGenerator;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Arrow's routing on one layer: each token x gets Σ wₑ·sₑ·Bₑ·Aₑ·x, where w is the softmax of |x·pₑ|
 * over the best experts, and pₑ the direction that Bₑ·Aₑ stretches most. With general adapters the
 * mean of their A and of their B is taken off each expert's first.
 */
final class ArrowRouter extends LoraWay {
  private static final int ITERATIONS = 15;
  private static final float LEAST = 1e-8f;

  private final LoraVariant.Arrow settings;
  private final List<LoraLayer> experts;
  private final List<LoraLayer> general;
  private final Tensor prototypes;

  ArrowRouter(
      LoraVariant.Arrow settings, Linear layer, List<LoraLayer> experts, List<LoraLayer> general) {
    this.settings = settings;
    this.experts = experts;
    this.general = general;
    Tensor[] all = new Tensor[experts.size()];
    Long seed = settings.seed();
    for (int e = 0; e < all.length; e++) {
      TorchGenerator torch = new TorchGenerator(seed == null ? TorchGenerator.DEFAULT_SEED : seed);
      Tensor first = Tensor.of(torch.normal(layer.inFeatures(), 0, 1), layer.inFeatures(), 1);
      all[e] = prototype(a(experts.get(e)), b(experts.get(e)), first);
    }
    Tensor stacked = Tensor.concat(0, all);
    this.prototypes = Tensor.of(stacked.toFloats(), stacked.shape().toArray());
  }

  /** The largest right singular vector of B·A, (1, in), by power iteration. */
  private static Tensor prototype(Tensor a, Tensor b, Tensor first) {
    Tensor squares = b.transpose(0, 1).matmul(b);
    Tensor v = unit(first);
    for (int i = 0; i < ITERATIONS; i++) {
      v = unit(a.transpose(0, 1).matmul(squares.matmul(a.matmul(v))));
    }
    return v.reshape(1, -1);
  }

  private static Tensor unit(Tensor v) {
    return v.div(v.square().sum().sqrt().add(LEAST));
  }

  private Tensor a(LoraLayer expert) {
    return without(expert.a(), general.stream().map(g -> (Tensor) g.a()).toList());
  }

  private Tensor b(LoraLayer expert) {
    return without(expert.b(), general.stream().map(g -> (Tensor) g.b()).toList());
  }

  private static Tensor without(Tensor matrix, List<Tensor> general) {
    Tensor sum = null;
    for (Tensor g : general) {
      sum = sum == null ? g : sum.add(g);
    }
    return sum == null ? matrix : matrix.sub(sum.div(general.size()));
  }

  @Override
  Tensor update(Tensor x) {
    Tensor rows = x.reshape(-1, x.dim(-1));
    int tokens = rows.dim(0);
    int n = experts.size();
    Tensor similar = rows.linear(prototypes, null).abs();
    Tensor s = similar.detach();
    Tensor better = s.reshape(tokens, 1, n).gt(s.reshape(tokens, n, 1)).toFloat().sum(2);
    Tensor shares =
        similar
            .maskedFill(better.ge(settings.topK()), Float.NEGATIVE_INFINITY)
            .div((float) settings.temperature())
            .softmax(-1);
    Tensor sum = null;
    for (int e = 0; e < n; e++) {
      LoraLayer expert = experts.get(e);
      Tensor one =
          rows.linear(a(expert), null)
              .linear(b(expert), null)
              .mul(shares.slice(1, e, e + 1).mul(expert.scale()));
      sum = sum == null ? one : sum.add(one);
    }
    int[] shape = x.shape().toArray();
    Tensor all = java.util.Objects.requireNonNull(sum);
    shape[shape.length - 1] = all.dim(1);
    return all.reshape(shape);
  }

  /** Returns the directions of the experts, (experts, in). */
  Tensor prototypes() {
    return prototypes;
  }

  @Override
  boolean merges() {
    return false;
  }

  /** Returns the layers of other adapters, or throws naming the one that is not there. */
  static List<LoraLayer> layers(
      String path, List<String> names, java.util.function.Function<String, @Nullable Object> of) {
    return names.stream()
        .map(
            name -> {
              if (of.apply(name) instanceof LoraLayer lora) {
                return lora;
              }
              throw new IllegalArgumentException(
                  "Arrow: there is no LoRA adapter '"
                      + name
                      + "' on '"
                      + path
                      + "'; add the adapters that it chooses from first, see LoraArrow");
            })
        .toList();
  }
}
