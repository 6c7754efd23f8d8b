package dev.peft4j.tuner.poly;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Parameter;
import dev.peft4j.random.Noise;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.CallInputs;
import dev.peft4j.tuner.TunerLayer;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** {@link PolyTuner} on one layer. */
final class PolyLayer implements TunerLayer {
  /** The distance that probabilities and random numbers keep from 0 and 1, as in torch. */
  private static final float EPS = 1.1920929e-7f;

  private final String path;
  private final Linear layer;
  private final PolyConfig config;
  private final Parameter a;
  private final Parameter b;
  private final Parameter logits;
  private final Rng rng;

  PolyLayer(String path, Linear layer, PolyConfig config, Rng rng) {
    this.path = path;
    this.layer = layer;
    this.config = config;
    int in = layer.inFeatures();
    int out = layer.outFeatures();
    int splits = config.splits();
    if (in % splits != 0 || out % splits != 0) {
      throw new IllegalArgumentException(
          splits
              + " splits must divide the inputs and outputs of '"
              + path
              + "', which are "
              + in
              + " and "
              + out);
    }
    this.a = turned(rng, config.r(), in / splits);
    this.b =
        config.initWeights()
            ? Initial.constant(0, splits, config.skills(), config.r(), out / splits)
            : turned(rng, out / splits, config.r());
    int n = config.tasks() * splits * config.skills();
    this.logits =
        new Parameter(rng.uniform(n, -1e-3f, 1e-3f), config.tasks(), splits * config.skills());
    this.rng = rng.split();
  }

  /** The matrix (rows, columns) of each split and skill, transposed. */
  private Parameter turned(Rng rng, int rows, int columns) {
    int n = config.splits() * config.skills();
    Tensor drawn = Initial.kaimingUniform(rng, n * rows, columns).ownTensor();
    return new Parameter(
        drawn.reshape(n, rows, columns).transpose(1, 2).toFloats(),
        config.splits(),
        config.skills(),
        columns,
        rows);
  }

  /** The share of each skill: (rows, splits, skills). */
  private Tensor shares(int rows) {
    Tensor tasks = CallInputs.require("task_ids", "the Poly adapter of '" + path + "'");
    if (tasks.shape().rank() != 1 || tasks.dim(0) != rows) {
      throw new IllegalArgumentException(
          "task_ids of shape "
              + tasks.shape()
              + " for "
              + rows
              + " rows: there must be one for each row");
    }
    Tensor chosen = logits.embedding(tasks);
    Tensor mix = layer.training() ? relaxed(chosen) : chosen.sigmoid();
    Tensor parts = mix.reshape(rows, config.splits(), config.skills());
    return parts.div(parts.sumKeep(2).add(1e-12f));
  }

  /** A sample between 0 and 1 that is mostly near one of them (Maddison et al. 2017). */
  private Tensor relaxed(Tensor chosen) {
    int n = chosen.shape().size();
    float[] drawn = Noise.uniform(layer.generator(rng), n);
    float[] odds = new float[n];
    for (int i = 0; i < n; i++) {
      double u = Math.clamp(drawn[i], EPS, 1 - EPS);
      odds[i] = (float) (Math.log(u) - Math.log1p(-u));
    }
    Tensor p = chosen.sigmoid().clamp(EPS, 1 - EPS);
    Tensor own = p.log().sub(p.neg().add(1).log());
    return own.add(Tensor.of(odds, chosen.shape().toArray())).sigmoid();
  }

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    if (x.shape().rank() != 3) {
      throw new IllegalArgumentException(
          "the Poly adapter of '" + path + "' takes (rows, tokens, features), found " + x.shape());
    }
    int rows = x.dim(0);
    int splits = config.splits();
    Tensor shares = shares(rows).transpose(0, 1); // (splits, rows, skills)
    Tensor mixedA = shares.matmul(a.reshape(splits, config.skills(), -1));
    Tensor mixedB = shares.matmul(b.reshape(splits, config.skills(), -1));
    int r = config.r();
    // (splits, rows, in / splits, r) to (rows, in, r), and of B to (rows, r, out)
    Tensor down = mixedA.reshape(splits, rows, -1, r).transpose(0, 1).reshape(rows, x.dim(2), r);
    Tensor up =
        mixedB
            .reshape(splits, rows, r, -1)
            .permute(1, 2, 0, 3)
            .reshape(rows, r, layer.outFeatures());
    return base.apply(x).add(x.matmul(down).matmul(up).div(r));
  }

  @Override
  public int rank() {
    return config.r();
  }

  @Override
  public List<Entry> parameters() {
    return List.of(
        new Entry("poly_router", "module_logits", logits),
        new Entry("poly_lora_A", "", a),
        new Entry("poly_lora_B", "", b));
  }

  @Override
  public List<Rng> generators() {
    return List.of(rng);
  }

  /** Throws: the weight depends on the task of each row. */
  @Override
  public Map<Parameter, Tensor> merged() {
    throw new IllegalStateException(
        "the Poly adapter of '" + path + "' depends on each row's task, so it cannot be merged");
  }
}
