package dev.peft4j.tuner.miss;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdapterDropout;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.WeightChange;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** {@link MissTuner} on one layer. */
final class MissLayer implements TunerLayer {
  private final Linear layer;
  private final MissConfig config;
  private final Parameter block;
  private final AdapterDropout dropout;

  MissLayer(String path, Linear layer, MissConfig config, Rng rng) {
    this.layer = layer;
    this.config = config;
    int r = config.r();
    int in = layer.inFeatures();
    int out = layer.outFeatures();
    if (r > in) {
      throw new IllegalArgumentException(
          "r (" + r + ") must be at most the " + in + " inputs of '" + path + "'");
    }
    if (config.start() == MissStart.BAT && (in % r != 0 || out % r != 0)) {
      throw new IllegalArgumentException(
          "with the start BAT r must divide the sizes of a weight, and "
              + r
              + " does not divide those of '"
              + path
              + "': "
              + in
              + " and "
              + out);
    }
    if (config.start() == MissStart.MINI && out % config.miniR() != 0) {
      throw new IllegalArgumentException(
          "mini r "
              + config.miniR()
              + " does not divide the "
              + out
              + " outputs of '"
              + path
              + "'");
    }
    this.block =
        switch (config.start()) {
          case DEFAULT -> Initial.constant(0, r, out);
          case RANDOM -> Initial.kaimingUniform(rng, r, out);
          case BAT -> Initial.constant(0, out / r, r, r);
          case MINI -> Initial.constant(0, r, config.miniR());
        };
    this.dropout = new AdapterDropout(layer, config.dropout(), rng);
  }

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    if (config.start() == MissStart.BAT) {
      return base.apply(x).add(x.linear(delta(), null));
    }
    int r = config.r();
    int in = layer.inFeatures();
    int missing = (r - in % r) % r;
    int[] shape = x.shape().toArray();
    int[] rest = shape.clone();
    rest[rest.length - 1] = missing;
    Tensor whole = missing == 0 ? x : Tensor.concat(-1, x, Tensor.zeros(rest));
    Tensor sums = dropout.apply(whole).reshape(-1, (in + missing) / r, r).sum(1);
    shape[shape.length - 1] = layer.outFeatures();
    return base.apply(x).add(sums.matmul(columns()).reshape(shape));
  }

  /** The matrix (r, out). */
  private Tensor columns() {
    return config.start() == MissStart.MINI
        ? block.repeat(1, layer.outFeatures() / config.miniR())
        : block;
  }

  /** ΔW (out, in). */
  private Tensor delta() {
    int r = config.r();
    int in = layer.inFeatures();
    int out = layer.outFeatures();
    if (config.start() != MissStart.BAT) {
      Tensor rows = columns().transpose(0, 1).repeat(1, (in + r - 1) / r);
      return rows.dim(1) == in ? rows : rows.slice(1, 0, in);
    }
    // every r x r block of the weight plus the identity, times the matrix of its rows
    Tensor blocks = layer.weight().reshape(out / r, r, in / r, r).transpose(1, 2);
    Tensor sum = blocks.add(Tensor.eye(r)).reshape(out / r, in / r * r, r);
    return sum.matmul(block).reshape(out / r, in / r, r, r).transpose(1, 2).reshape(out, in);
  }

  /** A sums up inputs, so that it is zeros and ones. */
  @Override
  public WeightChange.@Nullable Factors lowRankFactors() {
    if (config.start() == MissStart.BAT) {
      return null;
    }
    int r = config.r();
    float[] ones = new float[r * layer.inFeatures()];
    for (int i = 0; i < layer.inFeatures(); i++) {
      ones[i % r * layer.inFeatures() + i] = 1;
    }
    return new WeightChange.Factors(
        columns().transpose(0, 1), Tensor.of(ones, r, layer.inFeatures()));
  }

  @Override
  public int rank() {
    return config.r();
  }

  @Override
  public List<Entry> parameters() {
    return List.of(new Entry("miss_block", "", block));
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
