package dev.peft4j.tuner.lntuning;

import dev.peft4j.data.Encodings;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.Weights;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** {@link LnTuningTuner} on one layer. */
final class LnTuningLayer implements TunerLayer {
  private final WeightedLayer layer;
  private final Parameter weight;
  private final @Nullable Parameter bias;

  LnTuningLayer(WeightedLayer layer) {
    this.layer = layer;
    this.weight = copy(layer.weight());
    Parameter own = layer.bias();
    this.bias = own == null ? null : copy(own);
  }

  private static Parameter copy(Parameter p) {
    return new Parameter(p.own().copyAs(Encodings.FLOAT32), p.shape());
  }

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    return Weights.apply(layer, x, weight, bias);
  }

  @Override
  public List<Entry> parameters() {
    List<Entry> all = new ArrayList<>();
    all.add(new Entry("ln_tuning_layers", "weight", weight));
    if (bias != null) {
      all.add(new Entry("ln_tuning_layers", "bias", bias));
    }
    return all;
  }

  @Override
  public Map<Parameter, Tensor> merged() {
    Map<Parameter, Tensor> merged = new LinkedHashMap<>();
    merged.put(layer.weight(), weight);
    Parameter own = layer.bias();
    if (own != null && bias != null) {
      merged.put(own, bias);
    }
    return merged;
  }

  @Override
  public @Nullable String clash(TunerLayer other) {
    return other instanceof LnTuningLayer
        ? "both replace the layer's weight: LN tuning allows one adapter at a time"
        : null;
  }
}
