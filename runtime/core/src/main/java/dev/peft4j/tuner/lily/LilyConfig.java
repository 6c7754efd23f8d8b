package dev.peft4j.tuner.lily;

import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.LayeredConfigBuilder;
import dev.peft4j.tuner.SettingChecks;

/**
 * Settings of {@link LilyTuner}: peft's {@code LilyConfig}.
 *
 * @param r the rank
 * @param strideA the number of layers in a row that share one A
 * @param experts the number of B that all layers of a kind share; peft's {@code num_B}
 * @param scaling a factor of what the adapter adds
 * @param initWeights whether the adapter starts as zero; else its weights are random
 * @param common targets, task and base model
 */
public record LilyConfig(
    int r, int strideA, int experts, double scaling, boolean initWeights, CommonSettings common)
    implements CommonConfig<LilyConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public LilyConfig {
    SettingChecks.rank("r", r);
    SettingChecks.atLeast("stride a", strideA, 1);
    SettingChecks.atLeast("experts", experts, 1);
    SettingChecks.finite("scaling", scaling);
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return LilyTuner.PEFT_TYPE;
  }

  @Override
  public LilyConfig withCommon(CommonSettings other) {
    return new LilyConfig(r, strideA, experts, scaling, initWeights, other);
  }

  /** A builder of a {@link LilyConfig}; lists add up when a method is called again. */
  public static final class Builder extends LayeredConfigBuilder<Builder> {
    private int r = 32;
    private int strideA = 1;
    private int experts = 2;
    private double scaling = 1;
    private boolean initWeights = true;

    private Builder() {}

    /** Sets the rank. */
    public Builder r(int value) {
      r = value;
      return this;
    }

    /** Sets the number of layers in a row that share one A. */
    public Builder strideA(int value) {
      strideA = value;
      return this;
    }

    /** Sets the number of B that all layers of a kind share; peft's {@code num_B}. */
    public Builder experts(int value) {
      experts = value;
      return this;
    }

    /** Sets a factor of what the adapter adds. */
    public Builder scaling(double value) {
      scaling = value;
      return this;
    }

    /** Sets whether the adapter starts as zero; else its weights are random. */
    public Builder initWeights(boolean value) {
      initWeights = value;
      return this;
    }

    @Override
    public LilyConfig build() {
      return new LilyConfig(r, strideA, experts, scaling, initWeights, common());
    }
  }
}
