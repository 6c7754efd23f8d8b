package com.example.toy;

import dev.peft4j.annotation.Bias;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.tuner.ConfigBuilder;
import dev.peft4j.tuner.PeftConfig;

/**
 * Settings of {@link ToyTuner}.
 *
 * @param targets the layers
 * @param gain how much a change of the vector changes the result
 * @param taskType peft's task type, or null
 * @param baseModel name of the base model, or null
 */
public record ToyConfig(TargetSpec targets, double gain, String taskType, String baseModel)
    implements PeftConfig {

  /** Starts settings without targets. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return ToyTuner.PEFT_TYPE;
  }

  @Override
  public Bias bias() {
    return Bias.NONE;
  }

  @Override
  public ToyConfig withTargets(TargetSpec other) {
    return new ToyConfig(other, gain, taskType, baseModel);
  }

  /** Builds a {@link ToyConfig}. */
  public static final class Builder extends ConfigBuilder<Builder> {
    private double gain = 1;

    private Builder() {}

    /** Sets how much a change of the vector changes the result. */
    public Builder gain(double value) {
      gain = value;
      return this;
    }

    @Override
    public ToyConfig build() {
      return new ToyConfig(spec(), gain, taskType(), baseModel());
    }
  }
}
