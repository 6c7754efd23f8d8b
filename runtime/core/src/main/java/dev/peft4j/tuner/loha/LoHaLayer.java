package dev.peft4j.tuner.loha;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.nn.Conv1d;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.TunerLayer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** {@link LoHaTuner} on one layer: the layer's result plus that of its kind with the weight ΔW. */
final class LoHaLayer implements TunerLayer {
  /**
   * The product of a kernel's factors: p of the outputs, r of the inputs, k and l of the kernel.
   */
  private static final String KERNEL = "ijkl,jr,ip->prkl";

  private final WeightedLayer layer;
  private final LoHaConfig config;
  private final float scale;
  private final Factors one;
  private final Factors two;
  private final Rng rng;

  /**
   * The factors of one of the two products.
   *
   * @param t the core of an effective convolution; else null
   */
  private record Factors(Parameter a, Parameter b, @Nullable Parameter t) {}

  LoHaLayer(String path, WeightedLayer layer, LoHaConfig config, Rng rng) {
    this.layer = layer;
    this.config = config;
    this.scale = (float) config.scaleOf(path);
    int r = config.rankOf(path);
    this.one = factors(r, true, rng);
    this.two = factors(r, !config.initWeights(), rng);
    this.rng = dropsSomething() ? rng.split() : rng;
  }

  private boolean dropsSomething() {
    return config.rankDropout() > 0 || config.moduleDropout() > 0;
  }

  private Factors factors(int r, boolean random, Rng rng) {
    Shape w = layer.weight().shape();
    int out = w.dim(0);
    int kernel = w.product(2, w.rank());
    boolean effective = config.useEffectiveConv2d() && kernel > 1;
    int[] shapeOfB = {r, effective ? w.dim(1) : w.product(1, w.rank())};
    Parameter a = Initial.kaimingUniform(rng, effective ? new int[] {r, out} : new int[] {out, r});
    Parameter b = random ? Initial.kaimingUniform(rng, shapeOfB) : Initial.constant(0, shapeOfB);
    if (!effective) {
      return new Factors(a, b, null);
    }
    int last = w.rank() > 3 ? w.dim(3) : 1;
    return new Factors(a, b, Initial.kaimingUniform(rng, r, r, w.dim(2), last));
  }

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    boolean training = layer.training();
    boolean drops = training && config.rankDropout() > 0;
    Tensor update;
    if (layer instanceof Linear && isThin()) {
      update = x.linear(pairs(one.b, two.b), null).linear(pairsOfOutputs(), null).mul(scale);
      update = drops ? update.mul(keptOutputs().reshape(-1)) : update;
    } else {
      Tensor delta = drops ? delta().mul(keptOutputs()) : delta();
      update =
          switch (layer) {
            case Conv1d l -> Conv1d.convolve(x, delta, null, l.stride(), l.padding());
            case Conv2d l -> Conv2d.convolve(x, delta, null, l.window(), l.groups());
            default -> x.linear(delta, null);
          };
    }
    if (training && config.moduleDropout() > 0) {
      update = update.mul(kept(config.moduleDropout(), 1).sign());
    }
    return base.apply(x).add(update);
  }

  /**
   * Whether r² columns and rows are fewer numbers than the weight: the element-wise product of two
   * matrices of rank r is one of rank r², whose factors are the products of all pairs.
   */
  private boolean isThin() {
    long out = layer.weight().dim(0);
    long in = layer.weight().dim(1);
    return (long) rank() * rank() * (out + in) < out * in;
  }

  /** The products of each row of one matrix with each of the other: (r · r, in). */
  private static Tensor pairs(Tensor first, Tensor second) {
    int r = first.dim(0);
    int n = first.dim(1);
    return first.reshape(r, 1, n).mul(second.reshape(1, r, n)).reshape(r * r, n);
  }

  /** The products of each column with each: (out, r · r). */
  private Tensor pairsOfOutputs() {
    int out = one.a.dim(0);
    int r = rank();
    return one.a.reshape(out, r, 1).mul(two.a.reshape(out, 1, r)).reshape(out, r * r);
  }

  /** Zeros and ones for each output, over their mean, so that the sum stays the same. */
  private Tensor keptOutputs() {
    int[] shape = new int[layer.weight().shape().rank()];
    Arrays.fill(shape, 1);
    shape[0] = -1;
    Tensor kept = kept(config.rankDropout(), layer.weight().dim(0));
    return kept.div(kept.meanKeep(0)).reshape(shape);
  }

  /** Zeros for what is dropped, and the same positive number for what is not. */
  private Tensor kept(double p, int n) {
    Tensor ones = Tensor.ones(n);
    return p == 1
        ? ones.mul(0)
        : ones.dropout((float) p, Tensor.of(new long[] {layer.generator(rng).nextLong()}));
  }

  /** ΔW in the shape of the weight. */
  private Tensor delta() {
    Parameter t1 = one.t;
    Parameter t2 = two.t;
    Tensor product =
        t1 == null || t2 == null
            ? one.a.matmul(one.b).mul(two.a.matmul(two.b))
            : kernel(t1, one, t2, two).mul(kernel(t2, two, t1, one));
    return product.mul(scale).reshape(layer.weight().shape().toArray());
  }

  /**
   * The product of a kernel's factors. peft takes its gradient by {@code a} for that of the other
   * product's {@code t} and {@code b}, and so does this, so that training goes the same way: the
   * last two terms are zero together, and only the first of them has a gradient.
   */
  private static Tensor kernel(Parameter t, Factors f, Parameter otherT, Factors other) {
    Tensor value = Tensor.einsum(KERNEL, t, f.b, f.a.detach());
    Tensor gradient = Tensor.einsum(KERNEL, otherT.detach(), other.b.detach(), f.a);
    return value.add(gradient.sub(gradient.detach()));
  }

  @Override
  public int rank() {
    return one.b.dim(0);
  }

  @Override
  public List<Entry> parameters() {
    List<Entry> all = new ArrayList<>();
    all.add(new Entry("hada_w1_a", "", one.a));
    all.add(new Entry("hada_w1_b", "", one.b));
    all.add(new Entry("hada_w2_a", "", two.a));
    all.add(new Entry("hada_w2_b", "", two.b));
    if (one.t != null && two.t != null) {
      all.add(new Entry("hada_t1", "", one.t));
      all.add(new Entry("hada_t2", "", two.t));
    }
    return all;
  }

  @Override
  public List<Rng> generators() {
    return dropsSomething() ? List.of(rng) : List.of();
  }

  @Override
  public Map<Parameter, Tensor> merged() {
    return Map.of(layer.weight(), layer.weight().add(delta()));
  }
}
