package dev.peft4j.tuner.gralora;

import dev.peft4j.tuner.BiasedConfigBuilder;
import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.SettingChecks;

/**
 * Settings of {@link GraLoraTuner}: peft's {@code GraloraConfig}.
 *
 * @param r the rank of the blocks together; {@link #k} divides it
 * @param hybridR the rank of an ordinary low-rank part besides the blocks; 0 for none
 * @param alpha the numerator of the scale: what the adapter adds is multiplied by alpha / (r +
 *     hybridR)
 * @param k the number of blocks along each side; divides rank, inputs and outputs
 * @param dropout the probability with which an element of the layer's input is dropped in training,
 *     in front of the adapter
 * @param initWeights whether the adapter starts as zero; else its weights are random
 * @param common targets, task and base model
 */
public record GraLoraConfig(
    int r,
    int hybridR,
    double alpha,
    int k,
    double dropout,
    boolean initWeights,
    CommonSettings common)
    implements CommonConfig<GraLoraConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public GraLoraConfig {
    SettingChecks.rank("r", r);
    SettingChecks.atLeast("hybrid r", hybridR, 0);
    SettingChecks.above("alpha", alpha, 0, common.targets().fromFile());
    SettingChecks.atLeast("k", k, 1);
    SettingChecks.probability("dropout", dropout, common.targets().fromFile());
    if (r % k != 0) {
      throw new IllegalArgumentException(
          "r should be divisible by gralora_k, but got " + r + " and " + k);
    }
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return GraLoraTuner.PEFT_TYPE;
  }

  @Override
  public GraLoraConfig withCommon(CommonSettings other) {
    return new GraLoraConfig(r, hybridR, alpha, k, dropout, initWeights, other);
  }

  /** A builder of a {@link GraLoraConfig}; lists add up when a method is called again. */
  public static final class Builder extends BiasedConfigBuilder<Builder> {
    private int r = 32;
    private int hybridR;
    private double alpha = 64;
    private int k = 2;
    private double dropout;
    private boolean initWeights = true;

    private Builder() {}

    /** Sets the rank of the blocks together; {@link #k} divides it. */
    public Builder r(int value) {
      r = value;
      return this;
    }

    /** Sets the rank of an ordinary low-rank part besides the blocks; 0 for none. */
    public Builder hybridR(int value) {
      hybridR = value;
      return this;
    }

    /**
     * Sets the numerator of the scale: what the adapter adds is multiplied by alpha / (r +
     * hybridR).
     */
    public Builder alpha(double value) {
      alpha = value;
      return this;
    }

    /** Sets the number of blocks along each side; divides rank, inputs and outputs. */
    public Builder k(int value) {
      k = value;
      return this;
    }

    /**
     * Sets the probability with which an element of the layer's input is dropped in training, in
     * front of the adapter.
     */
    public Builder dropout(double value) {
      dropout = value;
      return this;
    }

    /** Sets whether the adapter starts as zero; else its weights are random. */
    public Builder initWeights(boolean value) {
      initWeights = value;
      return this;
    }

    @Override
    public GraLoraConfig build() {
      return new GraLoraConfig(r, hybridR, alpha, k, dropout, initWeights, common());
    }
  }
}
