package dev.peft4j.tuner.shadow;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.FurtherStates;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.ModelSlot;
import dev.peft4j.nn.ModelSlots;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.TunerLayer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The small model of {@link ShadowTuner}, which gives the first state. */
final class ShadowBackbone implements TunerLayer {
  static final String NAME = "shadow_backbone";

  private static final String PREFIX = "base_model.";

  private final ModelSlots.Mirror mirror;
  private final boolean shares;
  private final double weight;
  private final @Nullable Linear projection;

  ShadowBackbone(ModelSlot slot, ShadowConfig config, Rng rng) {
    int hidden = slot.model().sizes().hidden();
    int own = config.hiddenSize() == 0 ? hidden : config.hiddenSize();
    this.mirror =
        Rng.with(
            rng,
            () ->
                slot.model()
                    .mirror(
                        new ModelSlots.MirrorSizes(
                            config.shadowLayers(),
                            own,
                            config.intermediateSize(),
                            config.heads())));
    this.shares = config.sharesEmbeddings() && own == hidden;
    this.weight = config.lossWeight();
    this.projection =
        own == hidden ? null : new Linear(Initial.kaimingUniform(rng, hidden, own), null);
  }

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    Tensor states = mirror.states(shares);
    Tensor first = projection == null ? states : projection.forward(states);
    if (weight > 0) {
      FurtherStates.add(weight, first);
    }
    return ShadowState.with(first, () -> base.apply(x));
  }

  @Override
  public List<Entry> parameters() {
    List<Entry> all = new ArrayList<>();
    String table = mirror.table() + ".";
    mirror
        .module()
        .namedParameters()
        .forEach(
            p -> {
              if (!shares || !p.name().startsWith(table)) {
                all.add(new Entry(NAME, p.name(), p.parameter()));
              }
            });
    if (projection != null) {
      all.add(new Entry("shadow_projection", "weight", projection.weight()));
    }
    return all;
  }

  @Override
  public String inMemory(Entry entry, String adapter) {
    return PREFIX + entry.group() + "." + adapter + "." + entry.suffix();
  }

  /** Returns the key with the word that peft leaves in it. */
  @Override
  public String key(Entry entry) {
    return inMemory(entry, "default");
  }

  /** Throws: corrections depend on the input. */
  @Override
  public Map<Parameter, Tensor> merged() {
    throw new IllegalStateException(
        "a shadow's corrections depend on the input, so it cannot be merged");
  }
}
