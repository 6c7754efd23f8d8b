package dev.peft4j.tuner.gralora;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.LinearAdapter;
import dev.peft4j.tuner.Weights;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@link GraLoraTuner} on one layer: each block of inputs is projected to r ranks, of which each
 * block of outputs takes its slice.
 */
final class GraLoraLayer extends LinearAdapter {
  private final int k;
  private final int r;
  private final float scale;
  private final Parameter a;
  private final Parameter b;
  private final @Nullable Parameter wholeA;
  private final @Nullable Parameter wholeB;

  GraLoraLayer(String path, WeightedLayer layer, GraLoraConfig config, Rng rng) {
    int k = config.k();
    int r = config.r();
    int in = Weights.inputs(layer);
    int out = Weights.outputs(layer);
    if (in % k != 0 || out % k != 0) {
      throw new IllegalArgumentException(
          "gralora_k "
              + k
              + " must divide the inputs and outputs of '"
              + path
              + "', which are "
              + in
              + " and "
              + out);
    }
    this.k = k;
    this.r = r;
    this.scale = (float) (config.alpha() / (r + config.hybridR()));
    boolean random = !config.initWeights();
    this.a = turned(k, Initial.kaimingUniform(rng, k * r, in / k), r, in / k);
    this.b =
        random
            ? turned(k, Initial.kaimingUniform(rng, k * (out / k), r), out / k, r)
            : Initial.constant(0, k, r, out / k);
    int h = config.hybridR();
    this.wholeA = h == 0 ? null : Initial.kaimingUniform(rng, h, in);
    this.wholeB =
        h == 0 ? null : random ? Initial.kaimingUniform(rng, out, h) : Initial.constant(0, out, h);
    super(layer, config.dropout(), rng);
  }

  /** k matrices below each other, each transposed. */
  private static Parameter turned(int k, Parameter drawn, int rows, int columns) {
    Tensor t = drawn.ownTensor().reshape(k, rows, columns).transpose(1, 2);
    return new Parameter(t.toFloats(), k, columns, rows);
  }

  @Override
  protected Tensor added(Tensor x) {
    return update(x).mul(scale);
  }

  private Tensor update(Tensor x) {
    int[] shape = x.shape().toArray();
    shape[shape.length - 1] = out();
    Tensor blocks = x.reshape(-1, k, a.dim(1)).transpose(0, 1); // (k of inputs, rows, in / k)
    int rows = blocks.dim(1);
    Tensor ranks =
        blocks.matmul(a).reshape(k, rows, k, r / k).permute(2, 1, 0, 3).reshape(k, rows, r);
    Tensor y = ranks.matmul(b).transpose(0, 1).reshape(shape);
    return wholeA == null || wholeB == null
        ? y
        : y.add(x.linear(wholeA, null).linear(wholeB, null));
  }

  /** ΔW (out, in): what the columns of the identity become. */
  @Override
  protected Tensor delta() {
    return update(Tensor.eye(inputs())).mul(scale).transpose(0, 1);
  }

  @Override
  public int rank() {
    return r;
  }

  @Override
  public List<Entry> parameters() {
    List<Entry> all = new ArrayList<>();
    all.add(new Entry("gralora_A", "", a));
    all.add(new Entry("gralora_B", "", b));
    if (wholeA != null && wholeB != null) {
      all.add(new Entry("gralora_A_general", "weight", wholeA));
      all.add(new Entry("gralora_B_general", "weight", wholeB));
    }
    return all;
  }
}
