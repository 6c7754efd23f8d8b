package dev.peft4j.tuner.frod;

import dev.peft4j.tuner.BiasedConfigBuilder;
import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.SettingChecks;

/**
 * Settings of {@link FrodTuner}: peft's {@code FrodConfig}.
 *
 * @param projectionSeed the seed of the frozen matrices, which are drawn as torch draws them;
 *     peft's {@code projection_prng_key}
 * @param saveProjection whether the shared bases are in the file; else they are drawn again from
 *     the seed when it is loaded
 * @param dropout the probability with which an element of the layer's input is dropped in training,
 *     in front of the adapter
 * @param sparseRate the share of the numbers off the diagonal that are trained
 * @param regularization a number that keeps the shared basis of similar layers stable; peft's
 *     {@code regularization_alpha}
 * @param initWeights whether the adapter starts as the base model; else it is changed at random
 * @param common targets, task and base model
 */
public record FrodConfig(
    int projectionSeed,
    boolean saveProjection,
    double dropout,
    double sparseRate,
    double regularization,
    boolean initWeights,
    CommonSettings common)
    implements CommonConfig<FrodConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public FrodConfig {
    SettingChecks.atLeast("projection seed", projectionSeed, 0);
    SettingChecks.probability("dropout", dropout, common.targets().fromFile());
    SettingChecks.between("sparse rate", sparseRate, 0, 1);
    SettingChecks.above("regularization", regularization, 0, common.targets().fromFile());
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return FrodTuner.PEFT_TYPE;
  }

  @Override
  public FrodConfig withCommon(CommonSettings other) {
    return new FrodConfig(
        projectionSeed, saveProjection, dropout, sparseRate, regularization, initWeights, other);
  }

  /** A builder of a {@link FrodConfig}; lists add up when a method is called again. */
  public static final class Builder extends BiasedConfigBuilder<Builder> {
    private int projectionSeed;
    private boolean saveProjection = true;
    private double dropout;
    private double sparseRate = 0.01;
    private double regularization = 0.001;
    private boolean initWeights = true;

    private Builder() {}

    /**
     * Sets the seed of the frozen matrices, which are drawn as torch draws them; peft's {@code
     * projection_prng_key}.
     */
    public Builder projectionSeed(int value) {
      projectionSeed = value;
      return this;
    }

    /**
     * Sets whether the shared bases are in the file; else they are drawn again from the seed when
     * it is loaded.
     */
    public Builder saveProjection(boolean value) {
      saveProjection = value;
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

    /** Sets the share of the numbers off the diagonal that are trained. */
    public Builder sparseRate(double value) {
      sparseRate = value;
      return this;
    }

    /**
     * Sets a number that keeps the shared basis of similar layers stable; peft's {@code
     * regularization_alpha}.
     */
    public Builder regularization(double value) {
      regularization = value;
      return this;
    }

    /** Sets whether the adapter starts as the base model; else it is changed at random. */
    public Builder initWeights(boolean value) {
      initWeights = value;
      return this;
    }

    @Override
    public FrodConfig build() {
      return new FrodConfig(
          projectionSeed,
          saveProjection,
          dropout,
          sparseRate,
          regularization,
          initWeights,
          common());
    }
  }
}
