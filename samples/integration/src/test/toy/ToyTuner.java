package com.example.toy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.nn.Adaptable;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.TargetFields;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import java.io.IOException;
import java.lang.annotation.Annotation;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** A layer computes (W·x + b) ⊙ (1 + gain·v) with a vector v that starts as zero. */
public final class ToyTuner implements Tuner<ToyConfig> {
  /** Its name in files. */
  public static final String PEFT_TYPE = "TOY";

  @Override
  public String peftType() {
    return PEFT_TYPE;
  }

  @Override
  public Class<ToyConfig> configType() {
    return ToyConfig.class;
  }

  @Override
  public Class<? extends Annotation> annotation() {
    return Toy.class;
  }

  @Override
  public List<Class<? extends Module>> layerTypes() {
    return List.of(Linear.class);
  }

  @Override
  public <L extends Module & Adaptable> TunerLayer attach(
      String path, L layer, ToyConfig config, TunerContext context) {
    if (!(layer instanceof Linear linear)) {
      throw new IllegalArgumentException("the toy tuner adapts Linear, not '" + path + "'");
    }
    return new Scaled(linear, Initial.constant(0, linear.outFeatures()), (float) config.gain());
  }

  private record Scaled(Linear layer, Parameter v, float gain) implements TunerLayer {
    private Tensor factor() {
      return v.mul(gain).add(1);
    }

    @Override
    public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
      return base.apply(x).mul(factor());
    }

    @Override
    public List<Entry> parameters() {
      return List.of(new Entry("toy_v", "", v));
    }

    @Override
    public Map<Parameter, Tensor> merged() {
      Map<Parameter, Tensor> merged = new LinkedHashMap<>();
      merged.put(layer.weight(), layer.weight().mul(factor().reshape(-1, 1)));
      Parameter bias = layer.bias();
      if (bias != null) {
        merged.put(bias, bias.mul(factor()));
      }
      return merged;
    }
  }

  private static ObjectNode defaults() {
    ObjectNode tree = PeftFormat.defaults(PEFT_TYPE);
    tree.putNull("target_modules");
    tree.put("gain", 1.0);
    return tree;
  }

  @Override
  public ToyConfig read(AdapterConfig file) throws IOException {
    TargetFields fields = TargetFields.read(file);
    return file.checked(
        () ->
            new ToyConfig(
                fields.targets(), file.number("gain", 1), fields.taskType(), fields.baseModel()));
  }

  @Override
  public ObjectNode write(ToyConfig config) {
    ObjectNode tree = defaults();
    tree.put("gain", config.gain());
    TargetFields.write(config, tree);
    return tree;
  }

  @Override
  public void requireSame(String path, ToyConfig present, ToyConfig file) {
    if (present.gain() != file.gain()) {
      throw new IllegalArgumentException("the gain of '" + path + "' differs");
    }
  }
}
