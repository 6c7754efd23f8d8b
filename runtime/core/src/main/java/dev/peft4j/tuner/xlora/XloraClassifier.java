package dev.peft4j.tuner.xlora;

import dev.peft4j.data.Rng;
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

/** The two passes of {@link XloraTuner} through the model's layers. */
final class XloraClassifier implements TunerLayer {
  private static final String GROUP = "internal_xlora_classifier";

  private final XloraConfig config;
  private final int layers;
  private final List<Linear> linears = new ArrayList<>();
  private final AdapterDropout dropout;

  /**
   * Creates it.
   *
   * @param layers number of layers with experts
   */
  XloraClassifier(ModelSlot slot, XloraConfig config, int layers, Rng rng) {
    this.config = config;
    this.layers = layers;
    int last = config.experts().size() * (config.layerwise() ? layers : 1);
    Rng.with(
        rng,
        () -> {
          int in = config.hiddenSize();
          for (int i = 1; i < config.depth(); i++) {
            linears.add(new Linear(in, config.size()));
            in = config.size();
          }
          return linears.add(new Linear(in, last));
        });
    this.dropout = new AdapterDropout(slot.model().owner(), config.dropout(), rng);
  }

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    int experts = config.experts().size();
    Tensor same = Tensor.full((float) config.passValue(), x.dim(0), x.dim(1), 1, experts);
    Tensor hidden = Scalings.with(same, () -> base.apply(x)).detach();
    for (int i = 0; i < linears.size(); i++) {
      hidden = linears.get(i).forward(i == 0 ? hidden : dropout.apply(hidden.relu()));
    }
    Tensor s = hidden.reshape(x.dim(0), x.dim(1), config.layerwise() ? layers : 1, experts);
    if (config.softmax()) {
      s = s.div((float) config.temperature()).softmax(-1);
    }
    Tensor scalings = s;
    return Scalings.with(scalings, () -> base.apply(x));
  }

  @Override
  public List<Entry> parameters() {
    List<Entry> all = new ArrayList<>();
    int between = config.dropout() > 0 ? 3 : 2; // the activation, and dropout, are parts, too
    for (int i = 0; i < linears.size(); i++) {
      String name = "layers." + i * between + ".";
      linears.get(i).ownParameters().forEach((own, p) -> all.add(new Entry(GROUP, name + own, p)));
    }
    return all;
  }

  /** Returns the name without the adapter's, which peft leaves out. */
  @Override
  public String inMemory(Entry entry, String adapter) {
    return key(entry);
  }

  @Override
  public String key(Entry entry) {
    return "base_model." + GROUP + "." + entry.suffix();
  }

  /** Returns whether peft's files lack it: what looks like a part of the first expert to peft. */
  @Override
  public boolean isOptional(Entry entry) {
    return entry.suffix().startsWith("layers.0.");
  }

  @Override
  public List<Rng> generators() {
    return dropout.generators();
  }

  /** Throws: the sum of the experts depends on the token. */
  @Override
  public Map<Parameter, Tensor> merged() {
    throw new IllegalStateException(
        "X-LoRA's scalings depend on the token, so the adapter cannot be merged");
  }
}
