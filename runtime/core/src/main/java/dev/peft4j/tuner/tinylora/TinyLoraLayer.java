package dev.peft4j.tuner.tinylora;

import dev.peft4j.data.Rng;
import dev.peft4j.linalg.LinearAlgebra;
import dev.peft4j.nn.Buffer;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.random.TorchGenerator;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdapterDropout;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.Weights;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** {@link TinyLoraTuner} on one layer. */
final class TinyLoraLayer implements TunerLayer {
  private final WeightedLayer layer;
  private final TinyLoraConfig config;
  private final AdapterDropout dropout;
  private final Buffer a;
  private final Buffer b;
  private final Buffer p;
  private final List<Parameter> groups;
  private final Parameter v;

  private TinyLoraLayer(
      WeightedLayer layer,
      TinyLoraConfig c,
      int index,
      List<Parameter> groups,
      int group,
      Rng rng) {
    this.layer = layer;
    this.config = c;
    this.groups = groups;
    this.v = groups.get(group);
    this.dropout = new AdapterDropout(layer, layer instanceof Embedding ? 0 : c.dropout(), rng);
    boolean linear = !(layer instanceof Embedding);
    float[] w = linear ? Weights.numbers(layer) : layer.weight().ownTensor().toFloats();
    int rows = linear ? Weights.outputs(layer) : layer.weight().dim(0);
    int columns = w.length / rows;
    LinearAlgebra.Svd svd = LinearAlgebra.available().svd(w, rows, columns);
    int k = svd.s().length;
    int r = Math.min(c.r(), k);
    float[] ofA = Arrays.copyOf(svd.vt(), columns * r);
    float[] ofB = Weights.firstColumns(svd.u(), k, r);
    for (int i = 0; i < ofA.length; i++) {
      ofA[i] *= (float) Math.sqrt(svd.s()[i / columns]);
    }
    for (int i = 0; i < ofB.length; i++) {
      ofB[i] *= (float) Math.sqrt(svd.s()[i % r]);
    }
    this.a = new Buffer(ofA, r, columns);
    this.b = new Buffer(ofB, rows, r);
    TorchGenerator generator = new TorchGenerator((long) c.projectionSeed() + index);
    this.p = new Buffer(generator.normal(c.u() * r * r, 0, 1 / Math.sqrt(r)), c.u(), r, r);
  }

  /** Makes the adapter of a layer, which shares its vector with the others of its group. */
  static TinyLoraLayer of(WeightedLayer layer, TinyLoraConfig c, TunerContext context) {
    List<NamedModule> targets = context.layers();
    int index = 0;
    while (targets.get(index).module() != layer) {
      index++;
    }
    int count = targets.size();
    int groups = (int) Math.max(1, Math.rint(count * (1 - c.weightTying())));
    int group = Math.min(index / Math.max(1, count / groups), groups - 1);
    List<Parameter> vectors = new ArrayList<>();
    for (int g = 0; g < groups; g++) {
      vectors.add(context.sharedParameter("tinylora_v." + g, () -> vector(c, context.rng())));
    }
    return new TinyLoraLayer(layer, c, index, vectors, group, context.rng());
  }

  private static Parameter vector(TinyLoraConfig c, Rng rng) {
    float bound = (float) c.bound();
    return switch (c.start()) {
      case ZERO -> Initial.constant(0, c.u());
      case UNIFORM -> new Parameter(rng.uniform(c.u(), -bound, bound), c.u());
      case RANDOM -> Initial.normal(rng, 1, c.u());
    };
  }

  /** Σ v_k · P_k (r, r). */
  private Tensor middle() {
    int r = a.dim(0);
    return v.reshape(1, -1).matmul(p.reshape(p.dim(0), r * r)).reshape(r, r);
  }

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    Tensor result = base.apply(x);
    if (layer instanceof Embedding) {
      return result.add(b.embedding(x).linear(middle().matmul(a).transpose(0, 1), null));
    }
    Tensor in = dropout.apply(x);
    return result.add(in.linear(a, null).linear(middle(), null).linear(b, null));
  }

  @Override
  public Map<Parameter, Tensor> merged() {
    Tensor delta = b.matmul(middle()).matmul(a);
    Parameter w = layer.weight();
    return Map.of(w, w.add(layer instanceof Embedding ? delta : Weights.likeWeight(layer, delta)));
  }

  @Override
  public int rank() {
    return a.dim(0);
  }

  /** The vectors of all groups: peft's layers hold all of them. */
  @Override
  public List<Entry> parameters() {
    List<Entry> all = new ArrayList<>();
    for (int g = 0; g < groups.size(); g++) {
      String suffix = Integer.toString(g);
      all.add(new Entry("tinylora_v", suffix, suffix, groups.get(g), true));
    }
    return all;
  }

  @Override
  public List<Constant> constants() {
    List<Constant> all = new ArrayList<>();
    all.add(new Constant("tinylora_A", "", a, false));
    all.add(new Constant("tinylora_B", "", b, false));
    if (config.saveProjection()) {
      all.add(new Constant("tinylora_P", "", p, false));
    }
    return all;
  }

  @Override
  public List<Rng> generators() {
    return dropout.generators();
  }
}
