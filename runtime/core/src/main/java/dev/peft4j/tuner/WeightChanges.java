package dev.peft4j.tuner;

import dev.peft4j.annotation.Bias;
import dev.peft4j.data.Encodings;
import dev.peft4j.graph.VariableGroup;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.Overlays;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Finds what an adapter adds to the weights of its layers. */
final class WeightChanges {
  private WeightChanges() {}

  static List<WeightChange> of(AdapterRegistry registry, AttachedAdapter a) {
    if (a.config().bias() != Bias.NONE) {
      throw new IllegalArgumentException(
          "adapter '" + a.name() + "' trains biases (" + a.config().bias() + "), not only weights");
    }
    return VariableGroup.pinned(
        () ->
            Overlays.with(
                registry,
                new AdapterOverlay(List.of(), registry.state().merged().none()),
                () -> {
                  List<WeightChange> all = new ArrayList<>();
                  for (NamedModule m : registry.base().modules()) {
                    TunerLayer layer = a.layers().get(m.name());
                    if (layer != null) {
                      all.add(of(m, layer, a));
                    }
                  }
                  return all;
                }));
  }

  private static WeightChange of(NamedModule m, TunerLayer layer, AttachedAdapter a) {
    WeightedLayer linear = Weights.linear(m.module());
    if (linear == null) {
      throw new IllegalArgumentException(
          "adapter '"
              + a.name()
              + "' adapts '"
              + m.name()
              + "', a "
              + m.module().getClass().getSimpleName()
              + "; only what is added to linear layers is known");
    }
    Map<Parameter, Tensor> merged = layer.merged();
    Tensor value = merged.get(linear.weight());
    if (value == null || merged.size() > 1) {
      throw new IllegalArgumentException(
          "adapter '"
              + a.name()
              + "' ("
              + a.config().peftType()
              + ") changes more of '"
              + m.name()
              + "' than its weight");
    }
    Tensor own = Tensor.of(linear.weight().own().copyAs(Encodings.FLOAT32), value.shape());
    Tensor delta = value.sub(own);
    delta = linear instanceof TransposedLinear ? delta.transpose(0, 1) : delta;
    delta = Tensor.of(delta.toFloats(), delta.shape().toArray());
    return new WeightChange(m.name(), delta, layer.lowRankFactors());
  }
}
