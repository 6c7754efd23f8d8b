package dev.peft4j.tuner.lokr;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.nn.Conv1d;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdapterDropout;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.Weights;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * {@link LoKrTuner} on one layer. The product of the factors is made only where it has to be: an
 * input is multiplied by the right factor along its inner part, then by the left one along its
 * outer part.
 */
final class LoKrLayer implements TunerLayer {
  /**
   * The product of a kernel's factors: p of the outputs, r of the inputs, k and l of the kernel.
   */
  private static final String KERNEL = "ijkl,jr,ip->prkl";

  private final WeightedLayer layer;
  private final LoKrConfig config;
  private final float scale;
  private final Sizes sizes;
  private final Factor left;
  private final Factor right;
  private final @Nullable Parameter core;
  private final AdapterDropout ranks;
  private final AdapterDropout module;

  /** A factor: whole, or a product of two. */
  private record Factor(@Nullable Parameter whole, @Nullable Parameter a, @Nullable Parameter b) {
    Tensor matrix() {
      return whole != null ? whole : parts(a).matmul(parts(b));
    }

    static Parameter parts(@Nullable Parameter p) {
      if (p == null) {
        throw new IllegalStateException("the factor is whole");
      }
      return p;
    }
  }

  /** Outputs l · k and inputs m · n: the left factor is l × m, the right one k × n. */
  private record Sizes(int l, int k, int m, int n, int kernel) {
    static Sizes of(WeightedLayer layer, int factor) {
      Shape w = layer.weight().shape();
      int[] out = split(w.dim(0), factor);
      int[] in = split(w.dim(1), factor);
      return new Sizes(out[0], out[1], in[0], in[1], w.product(2, w.rank()));
    }
  }

  /**
   * Returns the two factors of a size: {@code factor} first if it divides it, else the most square
   * ones whose first is at most {@code factor} (-1: any) and at most the second.
   */
  static int[] split(int size, int factor) {
    if (factor > 0 && size % factor == 0) {
      return new int[] {factor, size / factor};
    }
    int best = 1;
    for (int first = 1; (long) first * first <= size; first++) {
      if (size % first == 0 && (factor < 0 || first <= factor)) {
        best = first;
      }
    }
    return new int[] {best, size / best};
  }

  LoKrLayer(String path, WeightedLayer layer, LoKrConfig config, Rng rng) {
    this.layer = layer;
    this.config = config;
    this.scale = (float) config.scaleOf(path);
    this.sizes = Sizes.of(layer, config.decomposeFactor());
    int r = config.rankOf(path);
    LoKrStart start = config.start();
    boolean whole = !(config.decomposeBoth() && r < Math.max(sizes.l, sizes.m) / 2.0);
    this.left =
        whole
            ? new Factor(first(start != LoKrStart.DEFAULT, rng, sizes.l, sizes.m), null, null)
            : new Factor(
                null,
                first(start != LoKrStart.DEFAULT, rng, sizes.l, r),
                Initial.kaimingUniform(rng, r, sizes.m));
    boolean random = start != LoKrStart.LYCORIS;
    Shape w = layer.weight().shape();
    if (r >= Math.max(sizes.k, sizes.n) / 2.0) {
      int[] shape = w.with(0, sizes.k).with(1, sizes.n).toArray();
      this.right = new Factor(first(random, rng, shape), null, null);
      this.core = null;
    } else if (config.useEffectiveConv2d() && sizes.kernel > 1) {
      Parameter a = Initial.kaimingUniform(rng, r, sizes.k);
      this.right = new Factor(null, a, first(random, rng, r, sizes.n));
      this.core = Initial.kaimingUniform(rng, r, r, w.dim(2), w.rank() > 3 ? w.dim(3) : 1);
    } else {
      Parameter a = Initial.kaimingUniform(rng, sizes.k, r);
      this.right = new Factor(null, a, first(random, rng, r, sizes.n * sizes.kernel));
      this.core = null;
    }
    this.ranks = new AdapterDropout(layer, config.rankDropout(), rng);
    this.module = new AdapterDropout(layer, config.moduleDropout(), rng);
  }

  private static Parameter first(boolean random, Rng rng, int... shape) {
    return random ? Initial.kaimingUniform(rng, shape) : Initial.constant(0, shape);
  }

  /** The right factor: (k, n), or (k, n, kernel…) of a convolution. */
  private Tensor rightFactor() {
    Shape w = layer.weight().shape();
    int[] shape = w.with(0, sizes.k).with(1, sizes.n).toArray();
    Tensor product =
        core == null
            ? right.matrix()
            : Tensor.einsum(KERNEL, core, Factor.parts(right.b), Factor.parts(right.a));
    return product.reshape(shape);
  }

  /**
   * torch lines up the axes of a kernel of one dimension from the right, so that the product comes
   * out scrambled; adapters trained in peft mean that.
   */
  private boolean scrambled() {
    return layer instanceof Conv1d && right.whole != null;
  }

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    Tensor update =
        scrambled()
            ? Weights.apply(layer, x, delta(), null)
            : byFactors(x, left.matrix().mul(scale));
    if (ranks.acts()) {
      update = update.mul(keptOutputs(update.shape().rank()));
    }
    if (module.acts()) {
      update = update.mul(module.kept(1));
    }
    return base.apply(x).add(update);
  }

  /** The Kronecker product of both factors applied to x, without making it. */
  private Tensor byFactors(Tensor x, Tensor l) {
    Tensor r = rightFactor();
    if (r.shape().rank() == 2) {
      int[] shape = x.shape().toArray();
      shape[shape.length - 1] = sizes.l * sizes.k;
      Tensor inner = x.reshape(-1, sizes.m, sizes.n).linear(r, null);
      return l.matmul(inner).reshape(shape);
    }
    int[] from = x.shape().toArray();
    int[] parts = from.clone();
    parts[0] = from[0] * sizes.m;
    parts[1] = sizes.n;
    Tensor in = x.reshape(parts);
    Tensor y =
        layer instanceof Conv2d c
            ? in.conv2d(r, null, c.window())
            : Conv1d.convolve(in, r, null, ((Conv1d) layer).stride(), ((Conv1d) layer).padding());
    int[] to = y.shape().toArray();
    to[0] = from[0];
    to[1] = sizes.l * sizes.k;
    return l.matmul(y.reshape(from[0], sizes.m, -1)).reshape(to);
  }

  /** Zeros and ones for each output; over their mean if what stays shall grow. */
  private Tensor keptOutputs(int rank) {
    Tensor kept = ranks.kept(sizes.l * sizes.k);
    Tensor factor = config.rankDropoutScale() ? kept.div(kept.meanKeep(0)) : kept;
    int[] shape = new int[rank];
    Arrays.fill(shape, 1);
    shape[layer.weight().shape().rank() > 2 ? 1 : rank - 1] = -1;
    return factor.reshape(shape);
  }

  /** ΔW in the shape of the weight. */
  private Tensor delta() {
    Tensor l = left.matrix().mul(scale);
    Tensor r = rightFactor().reshape(sizes.k, sizes.n, sizes.kernel);
    String order = scrambled() ? "ab,cdk->cadbk" : "ab,cdk->acbdk";
    return Tensor.einsum(order, l, r).reshape(layer.weight().shape().toArray());
  }

  @Override
  public int rank() {
    return right.a == null ? 0 : core == null ? right.a.dim(1) : right.a.dim(0);
  }

  @Override
  public List<Entry> parameters() {
    List<Entry> all = new ArrayList<>();
    add(all, "lokr_w1", left.whole);
    add(all, "lokr_w1_a", left.a);
    add(all, "lokr_w1_b", left.b);
    add(all, "lokr_w2", right.whole);
    add(all, "lokr_w2_a", right.a);
    add(all, "lokr_w2_b", right.b);
    add(all, "lokr_t2", core);
    return all;
  }

  private static void add(List<Entry> all, String name, @Nullable Parameter p) {
    if (p != null) {
      all.add(new Entry(name, "", p));
    }
  }

  @Override
  public List<Rng> generators() {
    List<Rng> all = new ArrayList<>(ranks.generators());
    all.addAll(module.generators());
    return all;
  }

  @Override
  public Map<Parameter, Tensor> merged() {
    return Map.of(layer.weight(), layer.weight().add(delta()));
  }
}
