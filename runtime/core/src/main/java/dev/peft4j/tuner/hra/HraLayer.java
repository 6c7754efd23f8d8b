package dev.peft4j.tuner.hra;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.op.Window;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.Weights;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * {@link HraTuner} on one layer. The product of the reflections is I − V·T·Vᵀ with a small matrix T
 * (Schreiber and Van Loan 1989), so that an input is reflected by all of them in two thin products.
 */
final class HraLayer implements TunerLayer {
  private final WeightedLayer layer;
  private final HraConfig config;
  private final Parameter u;
  private final Tensor above;

  /**
   * V and T; T is null if it is 2·I.
   *
   * @param v (in, r), columns of length 1
   */
  private record Reflections(Tensor v, @Nullable Tensor t) {
    /** x · V · T, or with T transposed. */
    Tensor inward(Tensor x, boolean transposed) {
      Tensor y = x.matmul(v);
      return t == null ? y.mul(2) : y.matmul(transposed ? t.transpose(0, 1) : t);
    }
  }

  HraLayer(WeightedLayer layer, HraConfig config, Rng rng) {
    this.layer = layer;
    this.config = config;
    int r = config.r();
    int in = Weights.inputs(layer);
    if (config.initWeights() && r % 2 == 0) { // equal neighbours undo each other
      float[] half = Initial.kaimingUniform(rng, in, r / 2).own().toFloats();
      float[] pairs = new float[in * r];
      for (int i = 0; i < pairs.length; i++) {
        pairs[i] = half[i / 2];
      }
      this.u = new Parameter(pairs, in, r);
    } else {
      this.u = Initial.kaimingUniform(rng, in, r);
    }
    this.above = Tensor.ones(r, r).triu(1);
  }

  private Reflections reflections() {
    if (config.applyGs()) {
      return new Reflections(orthogonal(), null);
    }
    Tensor v = u.div(u.square().sumKeep(0).sqrt());
    Tensor products = v.transpose(0, 1).matmul(v).mul(above);
    return new Reflections(v, products.add(Tensor.eye(config.r()).mul(0.5f)).inverse());
  }

  /**
   * The directions, each without what it has of those before it, of length 1 (Gram and Schmidt).
   */
  private Tensor orthogonal() {
    Tensor basis = null;
    for (int i = 0; i < config.r(); i++) {
      Tensor v = u.slice(1, i, i + 1);
      if (basis != null) {
        v = v.sub(basis.matmul(basis.transpose(0, 1).matmul(v)));
      }
      Tensor unit = v.div(v.square().sumKeep(0).sqrt());
      basis = basis == null ? unit : Tensor.concat(1, basis, unit);
    }
    if (basis == null) {
      throw new IllegalStateException("no directions");
    }
    return basis;
  }

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    Reflections h = reflections();
    if (layer instanceof Conv2d c) {
      return base.apply(x).sub(convolved(x, c, h));
    }
    Tensor rows = x.reshape(-1, x.dim(-1));
    Tensor part = h.inward(rows, true).matmul(h.v.transpose(0, 1));
    return base.apply(x.sub(part.reshape(x.shape().toArray())));
  }

  /** What a convolution with W·V·T·Vᵀ gives: one with the directions, then one of size 1. */
  private static Tensor convolved(Tensor x, Conv2d c, Reflections h) {
    Window window = c.window();
    int[] shape = c.weight().shape().with(0, h.v.dim(1)).toArray();
    Tensor inner = x.conv2d(h.v.transpose(0, 1).reshape(shape), null, window);
    Tensor outer = h.inward(Weights.matrix(c), false);
    return inner.conv2d(
        outer.reshape(outer.dim(0), outer.dim(1), 1, 1), null, Window.square(1, 1, 0));
  }

  @Override
  public int rank() {
    return config.r();
  }

  @Override
  public List<Entry> parameters() {
    return List.of(new Entry("hra_u", "", u));
  }

  @Override
  public Map<Parameter, Tensor> merged() {
    Reflections h = reflections();
    Tensor w = Weights.matrix(layer);
    Tensor reflected = w.sub(h.inward(w, false).matmul(h.v.transpose(0, 1)));
    return Map.of(layer.weight(), Weights.likeWeight(layer, reflected));
  }
}
