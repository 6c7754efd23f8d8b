package dev.peft4j.tuner.hira;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdapterDropout;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.Weights;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** {@link HiraTuner} on one layer: its result plus that of its kind with the weight W ⊙ (B·A). */
final class HiraLayer implements TunerLayer {
  private final WeightedLayer layer;
  private final Parameter a;
  private final Parameter b;
  private final AdapterDropout dropout;

  HiraLayer(WeightedLayer layer, HiraConfig config, Rng rng) {
    this.layer = layer;
    int r = config.r();
    boolean embedding = layer instanceof Embedding;
    int[] shapeOfA = shapeOfA(r);
    int[] shapeOfB = shapeOfB(r);
    if (config.start() == HiraStart.RANDOM) {
      this.a = Initial.normal(rng, 1, shapeOfA);
      this.b = Initial.normal(rng, 1, shapeOfB);
    } else if (embedding) {
      this.a = Initial.constant(0, shapeOfA);
      this.b = Initial.normal(rng, 1, shapeOfB);
    } else {
      this.a =
          config.start() == HiraStart.GAUSSIAN
              ? Initial.normal(rng, 1f / r, shapeOfA)
              : Initial.kaimingUniform(rng, shapeOfA);
      this.b = Initial.constant(0, shapeOfB);
    }
    this.dropout = new AdapterDropout(layer, embedding ? 0 : config.dropout(), rng);
  }

  private int[] shapeOfA(int r) {
    return switch (layer) {
      case Embedding e -> new int[] {r, e.count()};
      case TransposedLinear t -> new int[] {r, t.inFeatures()};
      default -> layer.weight().shape().with(0, r).toArray();
    };
  }

  private int[] shapeOfB(int r) {
    if (layer instanceof Embedding e) {
      return new int[] {e.dim(), r};
    }
    int[] shape = new int[layer.weight().shape().rank()];
    Arrays.fill(shape, 1);
    shape[0] = Weights.outputs(layer);
    shape[1] = r;
    return shape;
  }

  /** W ⊙ (B·A) in the shape of the weight. */
  private Tensor delta() {
    Tensor product = b.reshape(b.dim(0), -1).matmul(a.reshape(a.dim(0), -1));
    boolean columns = layer instanceof Embedding || layer instanceof TransposedLinear;
    Tensor factor =
        columns ? product.transpose(0, 1) : product.reshape(layer.weight().shape().toArray());
    return layer.weight().mul(factor);
  }

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    if (layer instanceof Embedding e) { // only the rows that are asked for
      Tensor factor = a.transpose(0, 1).embedding(x).linear(b, null);
      return base.apply(x).add(e.weight().embedding(x).mul(factor));
    }
    return base.apply(x).add(Weights.apply(layer, dropout.apply(x), delta(), null));
  }

  @Override
  public int rank() {
    return a.dim(0);
  }

  @Override
  public List<Entry> parameters() {
    String prefix = layer instanceof Embedding ? "hira_embedding_" : "hira_";
    return List.of(new Entry(prefix + "A", "", a), new Entry(prefix + "B", "", b));
  }

  @Override
  public List<Rng> generators() {
    return dropout.generators();
  }

  @Override
  public Map<Parameter, Tensor> merged() {
    return Map.of(layer.weight(), layer.weight().add(delta()));
  }
}
