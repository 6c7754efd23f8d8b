package dev.peft4j.tuner.peanut;

import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.LayeredConfigBuilder;
import dev.peft4j.tuner.SettingChecks;

/**
 * Settings of {@link PeanutTuner}: peft's {@code PeanutConfig}.
 *
 * @param r the width of the network
 * @param depth the number of hidden pairs of layers, each an encoder and a decoder
 * @param activation the activation between layers: {@code relu}, {@code gelu}, {@code gelu_new},
 *     {@code silu}, {@code tanh}, {@code sigmoid} and others that transformers names
 * @param scaling a factor of what the adapter adds
 * @param initWeights whether the adapter starts as zero; else its weights are random
 * @param common targets, task and base model
 */
public record PeanutConfig(
    int r, int depth, String activation, double scaling, boolean initWeights, CommonSettings common)
    implements CommonConfig<PeanutConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public PeanutConfig {
    SettingChecks.rank("r", r);
    SettingChecks.atLeast("depth", depth, 0);
    SettingChecks.finite("scaling", scaling);
    PeanutActivation.of(activation);
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return PeanutTuner.PEFT_TYPE;
  }

  @Override
  public PeanutConfig withCommon(CommonSettings other) {
    return new PeanutConfig(r, depth, activation, scaling, initWeights, other);
  }

  /** A builder of a {@link PeanutConfig}; lists add up when a method is called again. */
  public static final class Builder extends LayeredConfigBuilder<Builder> {
    private int r = 32;
    private int depth;
    private String activation = "relu";
    private double scaling = 1;
    private boolean initWeights = true;

    private Builder() {}

    /** Sets the width of the network. */
    public Builder r(int value) {
      r = value;
      return this;
    }

    /** Sets the number of hidden pairs of layers, each an encoder and a decoder. */
    public Builder depth(int value) {
      depth = value;
      return this;
    }

    /**
     * Sets the activation between layers: {@code relu}, {@code gelu}, {@code gelu_new}, {@code
     * silu}, {@code tanh}, {@code sigmoid} and others that transformers names.
     */
    public Builder activation(String value) {
      activation = value;
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
    public PeanutConfig build() {
      return new PeanutConfig(r, depth, activation, scaling, initWeights, common());
    }
  }
}
