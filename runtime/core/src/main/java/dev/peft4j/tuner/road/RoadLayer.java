package dev.peft4j.tuner.road;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.TunerLayer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** {@link RoadTuner} on one layer. */
final class RoadLayer implements TunerLayer {
  private final Linear layer;
  private final RoadVariant variant;
  private final int group;
  private final Parameter theta;
  private final Parameter alpha;

  RoadLayer(String path, Linear layer, RoadConfig config, Rng rng) {
    this.layer = layer;
    this.variant = config.variant();
    this.group = config.groupSize();
    int out = layer.outFeatures();
    if (out % group != 0) {
      throw new IllegalArgumentException(
          "group size " + group + " does not divide the " + out + " outputs of '" + path + "'");
    }
    int n =
        switch (variant) {
          case ROAD_1 -> out / 2;
          case ROAD_2 -> out;
          case ROAD_4 -> 2 * out;
        };
    if (config.initWeights()) {
      this.theta = Initial.constant(0, n);
      this.alpha = Initial.constant(1, n);
    } else {
      this.theta = Initial.normal(rng, 0.5f, n);
      this.alpha = new Parameter(rng.normal(n, 1, 0.5f), n);
    }
  }

  /** A half of the groups' cosines or sines, (groups, group / 2). */
  private record Turn(Tensor first, Tensor second) {
    static Turn of(Tensor all) {
      int half = all.dim(1) / 2;
      return new Turn(all.slice(1, 0, half), all.slice(1, half, 2 * half));
    }
  }

  /** Rotates y (…, out). */
  private Tensor turned(Tensor y) {
    int groups = layer.outFeatures() / group;
    int half = group / 2;
    Turn c;
    Turn s;
    if (variant == RoadVariant.ROAD_1) {
      Tensor cos = alpha.mul(theta.cos()).reshape(groups, half);
      Tensor sin = alpha.mul(theta.sin()).reshape(groups, half);
      c = new Turn(cos, cos);
      s = new Turn(sin, sin);
    } else if (variant == RoadVariant.ROAD_2) {
      c = Turn.of(alpha.mul(theta.cos()).reshape(groups, group));
      s = Turn.of(alpha.mul(theta.sin()).reshape(groups, group));
    } else {
      Tensor t = theta.reshape(groups, 2 * group);
      Tensor a = alpha.reshape(groups, 2 * group);
      c = Turn.of(a.slice(1, 0, group).mul(t.slice(1, 0, group).cos()));
      s = Turn.of(a.slice(1, group, 2 * group).mul(t.slice(1, group, 2 * group).sin()));
    }
    Tensor rows = y.reshape(-1, groups, group);
    Tensor p = rows.slice(2, 0, half);
    Tensor q = rows.slice(2, half, group);
    return Tensor.concat(
            2, p.mul(c.first).sub(q.mul(s.first)), q.mul(c.second).add(p.mul(s.second)))
        .reshape(y.shape().toArray());
  }

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    return turned(base.apply(x));
  }

  @Override
  public List<Entry> parameters() {
    return List.of(new Entry("road_theta", "", theta), new Entry("road_alpha", "", alpha));
  }

  @Override
  public Map<Parameter, Tensor> merged() {
    Map<Parameter, Tensor> merged = new LinkedHashMap<>();
    merged.put(layer.weight(), turned(layer.weight().transpose(0, 1)).transpose(0, 1));
    Parameter bias = layer.bias();
    if (bias != null) {
      merged.put(bias, turned(bias));
    }
    return merged;
  }
}
