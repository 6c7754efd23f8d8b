package dev.peft4j.tuner.supertuning;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.nn.Buffer;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdapterDropout;
import dev.peft4j.tuner.SparsePlaces;
import dev.peft4j.tuner.TunerLayer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** {@link SuperTuningTuner} on one layer. */
final class SuperTuningLayer implements TunerLayer {
  private final Linear layer;
  private final SuperTuningConfig config;
  private final Parameter values;
  private final Buffer places;
  private volatile @Nullable Chosen chosen;
  private final @Nullable Parameter a;
  private final @Nullable Parameter b;
  private final AdapterDropout dropout;

  /** Places as the buffer had them. */
  private record Chosen(int[] indices, SparsePlaces places) {}

  SuperTuningLayer(String path, Linear layer, SuperTuningConfig config, Rng rng) {
    this.layer = layer;
    this.config = config;
    int n = layer.weight().shape().size();
    int k = (int) (n * (1 - config.sparsity()));
    if (k < 1) {
      throw new IllegalArgumentException(
          "sparsity "
              + config.sparsity()
              + " leaves none of the "
              + n
              + " weights of '"
              + path
              + "' to train: lower it");
    }
    this.places = new Buffer(Storage.of(chosen(n, k)), Shape.of(k));
    this.values = config.initWeights() ? Initial.constant(0, k) : Initial.normal(rng, 1, k);
    int r = config.r();
    this.a = r == 0 ? null : Initial.kaimingUniform(rng, r, layer.inFeatures());
    int[] up = {layer.outFeatures(), r};
    this.b =
        r == 0
            ? null
            : config.initWeights() ? Initial.constant(0, up) : Initial.kaimingUniform(rng, up);
    this.dropout = new AdapterDropout(layer, r == 0 ? 0 : config.dropout(), rng);
  }

  /** The places of the k largest or smallest weights, in that order. */
  private int[] chosen(int n, int k) {
    float[] w = layer.weight().ownTensor().toFloats();
    int sign = config.selectTop() ? -1 : 1;
    return IntStream.range(0, n)
        .boxed()
        .sorted((i, j) -> sign * Float.compare(Math.abs(w[i]), Math.abs(w[j])))
        .limit(k)
        .mapToInt(Integer::intValue)
        .toArray();
  }

  private float scale() {
    return (float) ((config.alpha() == 0 ? 2.0 * config.r() : config.alpha()) / config.r());
  }

  /** The places of the buffer, which a file may replace. */
  private SparsePlaces places() {
    int[] now = places.own().toInts();
    Chosen c = chosen;
    if (c == null || !Arrays.equals(c.indices, now)) {
      c = new Chosen(now, SparsePlaces.of(now, layer.outFeatures(), layer.inFeatures()));
      chosen = c;
    }
    return c.places;
  }

  /** The trained values at their places: (out, in). */
  private Tensor sparse() {
    return places().matrix(values);
  }

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    Tensor y = base.apply(x).add(places().times(x, values));
    return a == null || b == null
        ? y
        : y.add(dropout.apply(x).linear(a, null).linear(b, null).mul(scale()));
  }

  @Override
  public int rank() {
    return config.r();
  }

  @Override
  public List<Entry> parameters() {
    List<Entry> all = new ArrayList<>();
    all.add(new Entry("supertuning_values", "", values));
    if (a != null && b != null) {
      all.add(new Entry("supertuning_lora_A", "weight", a));
      all.add(new Entry("supertuning_lora_B", "weight", b));
    }
    return all;
  }

  @Override
  public List<Constant> constants() {
    return config.saveIndices()
        ? List.of(new Constant("supertuning_indices", "", places, false))
        : List.of();
  }

  @Override
  public List<Rng> generators() {
    return dropout.generators();
  }

  @Override
  public Map<Parameter, Tensor> merged() {
    Tensor w = layer.weight().add(sparse());
    return Map.of(layer.weight(), a == null || b == null ? w : w.add(b.matmul(a).mul(scale())));
  }
}
