package dev.peft4j.tuner.shadow;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.ModelSlot;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdapterDropout;
import dev.peft4j.tuner.TunerLayer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** {@link ShadowTuner} around one layer of the model. */
final class ShadowBlock implements TunerLayer {
  private static final String PREFIX = "base_model.model.";

  private final String path;
  private final float alpha;
  private final Parameter down;
  private final Parameter up;
  private final Linear[] transform;
  private final Linear[] gate;
  private final AdapterDropout dropout;

  ShadowBlock(String path, ModelSlot slot, ShadowConfig config, Rng rng) {
    int hidden = slot.model().sizes().hidden();
    int update = config.updateSize() == 0 ? config.r() : config.updateSize();
    this.path = path;
    this.alpha = (float) config.alpha();
    this.down = Initial.kaimingUniform(rng, config.r(), hidden);
    this.up =
        config.initWeights()
            ? Initial.constant(0, hidden, config.r())
            : Initial.kaimingUniform(rng, hidden, config.r());
    this.transform = network(hidden, update, rng);
    this.gate = network(hidden, update, rng);
    this.dropout = new AdapterDropout(slot.model().owner(), config.dropout(), rng);
  }

  private static Linear[] network(int hidden, int update, Rng rng) {
    return Rng.with(
        rng, () -> new Linear[] {new Linear(hidden, update), new Linear(update, hidden)});
  }

  private static Tensor run(Linear[] network, Tensor x) {
    return network[1].forward(network[0].forward(x).gelu());
  }

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    ShadowState state = ShadowState.now();
    if (state == null) {
      return base.apply(x);
    }
    Tensor s = state.get();
    Tensor correction = dropout.apply(x.sub(s)).linear(down, null).linear(up, null).mul(alpha);
    Tensor y = base.apply(x.add(correction));
    Tensor g = run(gate, y).sigmoid();
    state.set(s.mul(g.neg().add(1)).add(g.mul(run(transform, y))));
    return y;
  }

  @Override
  public List<Entry> parameters() {
    List<Entry> all = new ArrayList<>();
    all.add(new Entry("shadow_down", "weight", down));
    all.add(new Entry("shadow_up", "weight", up));
    add(all, "shadow_update_transform", transform);
    add(all, "shadow_update_gate", gate);
    return all;
  }

  private static void add(List<Entry> all, String group, Linear... network) {
    for (int i = 0; i < network.length; i++) {
      String at = 2 * i + ".";
      network[i].ownParameters().forEach((own, p) -> all.add(new Entry(group, at + own, p)));
    }
  }

  /** Returns the key with the word that peft leaves in it. */
  @Override
  public String key(Entry entry) {
    return PREFIX + path + "." + entry.group() + ".default." + entry.suffix();
  }

  @Override
  public boolean isAroundChildren() {
    return true;
  }

  @Override
  public List<Rng> generators() {
    return dropout.generators();
  }

  /** Throws: corrections depend on the input. */
  @Override
  public Map<Parameter, Tensor> merged() {
    throw new IllegalStateException(
        "a shadow's corrections of '" + path + "' depend on the input, so it cannot be merged");
  }
}
