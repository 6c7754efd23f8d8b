package dev.peft4j.tuner.adalora;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.op.Window;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdapterDropout;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.Weights;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** {@link AdaLoraTuner} on one layer. */
final class AdaLoraLayer implements TunerLayer {
  private final WeightedLayer layer;
  private final float scale;
  private final Parameter a;
  private final Parameter b;
  private final Parameter e;
  private final Parameter ranks;
  private final AdapterDropout dropout;
  private volatile boolean @Nullable [] left;

  AdaLoraLayer(String path, WeightedLayer layer, AdaLoraConfig config, Rng rng) {
    this.layer = layer;
    this.scale = (float) (config.alpha() / (config.initR() + 1e-5));
    int r = config.rankOf(path);
    float std = config.initWeights() ? 0.02f : 1;
    this.a = Initial.normal(rng, std, r, Weights.inputs(layer));
    this.b = Initial.normal(rng, std, Weights.outputs(layer), r);
    this.e = config.initWeights() ? Initial.constant(0, r, 1) : Initial.normal(rng, 1, r, 1);
    this.ranks = Initial.constant(config.initR(), 1);
    this.dropout = new AdapterDropout(layer, config.dropout(), rng);
  }

  Parameter a() {
    return a;
  }

  Parameter b() {
    return b;
  }

  Parameter e() {
    return e;
  }

  /** Says which ranks are left, once that is decided. */
  void left(boolean[] ranks) {
    left = ranks;
  }

  boolean @Nullable [] left() {
    return left;
  }

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    if (a.dim(0) == 0) { // a file of a layer whose ranks were all taken away
      return base.apply(x);
    }
    Tensor in = dropout.apply(x);
    Tensor down = a.mul(e);
    if (layer instanceof Conv2d c) {
      int r = a.dim(0);
      Tensor filters = down.reshape(c.weight().shape().with(0, r).toArray());
      Tensor update =
          in.conv2d(filters, null, c.window())
              .conv2d(b.reshape(b.dim(0), r, 1, 1), null, Window.square(1, 1, 0));
      return base.apply(x).add(update.mul(scale));
    }
    return base.apply(x).add(in.linear(down, null).linear(b, null).mul(scale));
  }

  @Override
  public int rank() {
    return a.dim(0);
  }

  @Override
  public List<Entry> parameters() {
    return List.of(
        new Entry("lora_A", "", a),
        new Entry("lora_B", "", b),
        new Entry("lora_E", "", e),
        Entry.frozen("ranknum", "", ranks, false)); // peft has it among its parameters
  }

  /** Returns only the ranks that are left, as peft does. */
  @Override
  public @Nullable StoredTensor stored(Entry entry) {
    boolean[] kept = left;
    if (kept == null) {
      return TunerLayer.super.stored(entry);
    }
    int[] ranks = IntStream.range(0, kept.length).filter(i -> kept[i]).toArray();
    Parameter p = entry.parameter();
    float[] all = p.own().toFloats();
    int columns = p.dim(1);
    if (p != b) {
      float[] rows = new float[ranks.length * columns];
      for (int i = 0; i < ranks.length; i++) {
        System.arraycopy(all, ranks[i] * columns, rows, i * columns, columns);
      }
      return new StoredTensor(Shape.of(ranks.length, columns), Storage.of(rows));
    }
    float[] some = new float[p.dim(0) * ranks.length];
    for (int i = 0; i < some.length; i++) {
      some[i] = all[i / ranks.length * columns + ranks[i % ranks.length]];
    }
    return new StoredTensor(Shape.of(p.dim(0), ranks.length), Storage.of(some));
  }

  @Override
  public List<Rng> generators() {
    return dropout.generators();
  }

  @Override
  public Map<Parameter, Tensor> merged() {
    if (a.dim(0) == 0) {
      return Map.of(layer.weight(), layer.weight());
    }
    Tensor delta = Weights.likeWeight(layer, b.matmul(a.mul(e)).mul(scale));
    return Map.of(layer.weight(), layer.weight().add(delta));
  }
}
