package dev.peft4j.tuner.lily;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** {@link LilyTuner} on one layer. */
final class LilyLayer implements TunerLayer {
  private final String path;
  private final LilyConfig config;
  private final Parameter a;
  private final Parameter b;
  private final Parameter router;

  /** The layers of an adapter by their kind: the target that names them, and their sizes. */
  static final class Kinds {
    private final Map<Kind, List<LilyLayer>> layers = new HashMap<>();
  }

  private record Kind(String target, Shape weight) {}

  LilyLayer(String path, Linear layer, LilyConfig config, TunerContext context) {
    this.path = path;
    this.config = config;
    Rng rng = context.rng();
    int r = config.r();
    List<LilyLayer> before =
        context
            .common(Kinds.class, Kinds::new)
            .layers
            .computeIfAbsent(
                new Kind(target(path, config), layer.weight().shape()), _ -> new ArrayList<>());
    boolean leads = before.size() % config.strideA() == 0;
    this.a = leads ? Initial.kaimingUniform(rng, r, layer.inFeatures()) : before.getLast().a;
    this.router = Initial.kaimingUniform(rng, config.experts(), r);
    int[] all = {config.experts() * r, layer.outFeatures()};
    this.b =
        !before.isEmpty()
            ? before.getFirst().b
            : config.initWeights() ? Initial.constant(0, all) : Initial.kaimingUniform(rng, all);
    before.add(this);
  }

  /** The target that names the layer; the longest if there are several. */
  private static String target(String path, LilyConfig config) {
    String found = "";
    for (String t : config.targets().targets()) {
      if (path.endsWith(t) && t.length() > found.length()) {
        found = t;
      }
    }
    return found;
  }

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    int r = config.r();
    int experts = config.experts();
    Tensor hidden = x.linear(a, null);
    Tensor shares = hidden.linear(router, null).softmax(-1).reshape(-1, experts).mean(0);
    Tensor mixed = shares.reshape(1, experts).matmul(b.reshape(experts, -1)).reshape(r, b.dim(1));
    int[] shape = x.shape().toArray();
    shape[shape.length - 1] = b.dim(1);
    Tensor update = hidden.reshape(-1, r).matmul(mixed).reshape(shape);
    return base.apply(x).add(update.mul((float) config.scaling()));
  }

  @Override
  public int rank() {
    return config.r();
  }

  @Override
  public List<Entry> parameters() {
    return List.of(
        new Entry("lily_A", "weight", a),
        new Entry("lily_B", "weight", b),
        new Entry("lily_router", "weight", router));
  }

  /** Throws: what a layer computes depends on all that goes in, so no weight computes it. */
  @Override
  public Map<Parameter, Tensor> merged() {
    throw new IllegalStateException(
        "the Lily adapter of '"
            + path
            + "' mixes its experts anew for each input, so it cannot be merged");
  }
}
