package dev.peft4j.tuner.boft;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdapterDropout;
import dev.peft4j.tuner.BlockRotation;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.Weights;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** {@link BoftTuner} on one layer. */
final class BoftLayer implements TunerLayer {
  private final WeightedLayer layer;
  private final BoftConfig config;
  private final Parameter r;
  private final Parameter s;
  private final List<Order> orders = new ArrayList<>();
  private final AdapterDropout dropout;

  /** The order of a factor's inputs, and the way back. */
  private record Order(Tensor there, Tensor back) {}

  BoftLayer(WeightedLayer layer, BoftConfig config, int size, int blocks, Rng rng) {
    this.layer = layer;
    this.config = config;
    int factors = config.factors();
    int out = Weights.outputs(layer);
    int[] ofS = layer instanceof Conv2d ? new int[] {1, out} : new int[] {out, 1};
    int[] ofR = {factors, blocks, size, size};
    if (config.initWeights()) {
      this.r = Initial.constant(0, ofR);
      this.s = Initial.constant(1, ofS);
    } else {
      this.r = Initial.normal(rng, 0.1f, ofR);
      float[] near = rng.normal(out, 1, 0.1f);
      this.s = new Parameter(near, ofS);
    }
    for (int i = 0; i < factors; i++) {
      orders.add(i == 0 ? new Order(Tensor.zeros(0), Tensor.zeros(0)) : order(size, blocks, i));
    }
    this.dropout = new AdapterDropout(layer, config.dropout(), rng);
  }

  /**
   * The butterfly of a factor: in runs of size · 2ⁱ inputs, first the even half-blocks, then the
   * odd ones.
   */
  private static Order order(int size, int blocks, int factor) {
    int n = size * blocks;
    int half = size / 2;
    int run = size << factor;
    long[] order = new long[n];
    int next = 0;
    for (int start = 0; start < n; start += run) {
      for (int odd = 0; odd < 2; odd++) {
        for (int piece = odd; piece < run / half; piece += 2) {
          for (int i = 0; i < half; i++) {
            order[next++] = start + piece * half + i;
          }
        }
      }
    }
    long[] inverse = new long[n];
    for (int i = 0; i < n; i++) {
      inverse[(int) order[i]] = i;
    }
    return new Order(Tensor.of(inverse), Tensor.of(order));
  }

  /** The rotations of all factors: (factors · blocks, n, n). */
  private Tensor turns() {
    int n = r.dim(-1);
    Tensor q = r.sub(r.transpose(2, 3)).mul(0.5f).reshape(-1, n, n);
    Tensor turns = BlockRotation.cayley(q);
    if (!dropout.acts()) {
      return turns;
    }
    Tensor left = Tensor.of(identities(), q.dim(0), 1, 1);
    return turns.mul(left.neg().add(1)).add(Tensor.eye(n).mul(left));
  }

  /** Ones for the blocks that stay unrotated: a share of those of one factor, drawn each time. */
  private float[] identities() {
    int blocks = r.dim(1);
    float[] ones = new float[r.dim(0) * blocks];
    int factor = (int) (dropout.next() * r.dim(0));
    int[] shuffled = new int[blocks];
    for (int i = 0; i < blocks; i++) {
      int j = (int) (dropout.next() * (i + 1));
      shuffled[i] = shuffled[j];
      shuffled[j] = i;
    }
    for (int i = 0; i < (int) (config.dropout() * blocks); i++) {
      ones[factor * blocks + shuffled[i]] = 1;
    }
    return ones;
  }

  /** Multiplies rows (…, in) by the product of all factors, or by its transpose. */
  private Tensor turned(Tensor x, boolean transposed) {
    Tensor all = turns();
    int blocks = r.dim(1);
    int factors = r.dim(0);
    Tensor y = x;
    for (int k = 0; k < factors; k++) {
      int i = transposed ? k : factors - 1 - k;
      Tensor turn = factors == 1 ? all : all.slice(0, i * blocks, (i + 1) * blocks);
      if (transposed) {
        turn = turn.transpose(1, 2);
      }
      Order o = orders.get(i);
      y = i == 0 ? y : y.indexSelect(-1, o.there);
      y = BlockRotation.rows(y, turn);
      y = i == 0 ? y : y.indexSelect(-1, o.back);
    }
    return y;
  }

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    if (layer instanceof Conv2d c) {
      Tensor difference = weight().sub(c.weight());
      return base.apply(x).add(x.conv2d(difference, null, c.window()));
    }
    Tensor factor = s.reshape(-1);
    Tensor y = base.apply(turned(x, false)).mul(factor);
    Parameter bias = layer.bias();
    return bias == null ? y : y.add(bias.mul(factor.neg().add(1)));
  }

  private Tensor weight() {
    return Weights.likeWeight(layer, turned(Weights.matrix(layer), true).mul(s.reshape(-1, 1)));
  }

  @Override
  public List<Entry> parameters() {
    return List.of(new Entry("boft_R", "", r), new Entry("boft_s", "", s));
  }

  @Override
  public List<Rng> generators() {
    return dropout.generators();
  }

  @Override
  public Map<Parameter, Tensor> merged() {
    Map<Parameter, Tensor> merged = new LinkedHashMap<>();
    merged.put(layer.weight(), weight());
    return merged;
  }
}
