package dev.peft4j.tuner.lora;

import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.Weights;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.function.BiConsumer;

/** The linear layers of an adapter that was attached plainly and gets its start afterwards. */
final class StartLayers {
  private static final String PREFIX = "base_model.model.";

  private final PeftModel model;
  private final String a;
  private final String b;
  private final Map<String, Parameter> byName = new HashMap<>();
  private final SequencedMap<String, WeightedLayer> layers = new LinkedHashMap<>();

  /**
   * Finds them.
   *
   * @throws IllegalArgumentException if there are none
   */
  StartLayers(PeftModel model, String adapter) {
    this.model = model;
    this.a = ".lora_A." + adapter + ".weight";
    this.b = ".lora_B." + adapter + ".weight";
    for (NamedParameter p : model.namedParameters()) {
      byName.put(p.name(), p.parameter());
    }
    for (NamedModule m : model.adapters().root().namedModules()) {
      WeightedLayer linear = Weights.linear(m.module());
      if (linear != null && byName.containsKey(PREFIX + m.name() + a)) {
        layers.put(m.name(), linear);
      }
    }
    if (layers.isEmpty()) {
      throw new IllegalArgumentException("none of the targets is a linear layer");
    }
  }

  /** Returns the layers by their paths. */
  SequencedMap<String, WeightedLayer> all() {
    return Collections.unmodifiableSequencedMap(layers);
  }

  WeightedLayer layer(String path) {
    return Objects.requireNonNull(layers.get(path), path);
  }

  /** Runs something without the adapter, and gives what goes into each layer to a receiver. */
  void watch(Runnable run, BiConsumer<String, float[]> receiver) {
    withoutAdapter(() -> LayerInputs.watch(layers, receiver, run));
  }

  void withoutAdapter(Runnable run) {
    model.withoutAdapter(
        () -> {
          run.run();
          return true;
        });
  }

  void set(String path, float[] valuesOfA, float[] valuesOfB) {
    setA(path, valuesOfA);
    parameter(path + b).set(valuesOfB);
  }

  void setA(String path, float[] values) {
    parameter(path + a).set(values);
  }

  /** Returns A (r, in) of the layer at a path. */
  Tensor a(String path) {
    return parameter(path + a).ownTensor();
  }

  /** Returns B (out, r). */
  Tensor b(String path) {
    return parameter(path + b).ownTensor();
  }

  private Parameter parameter(String end) {
    return Objects.requireNonNull(byName.get(PREFIX + end), end);
  }

  /** Takes s · B · A off the base's weight. */
  void takeOff(String path, float scale) {
    WeightedLayer layer = layer(path);
    Tensor delta = b(path).matmul(a(path)).mul(scale);
    Tensor turned = layer instanceof TransposedLinear ? delta.transpose(0, 1) : delta;
    layer.weight().set(layer.weight().ownTensor().sub(turned).storage());
  }
}
