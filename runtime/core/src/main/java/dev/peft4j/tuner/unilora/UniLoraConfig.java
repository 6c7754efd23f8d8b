package dev.peft4j.tuner.unilora;

import dev.peft4j.tuner.BiasedConfigBuilder;
import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.SettingChecks;

/**
 * Settings of {@link UniLoraTuner}: peft's {@code UniLoraConfig}.
 *
 * @param r the rank
 * @param thetaLength the length of the vector that is trained
 * @param seed the seed by which places take numbers of the vector, drawn as NumPy draws; peft's
 *     {@code proj_seed}
 * @param saveIndices whether the file says which number each place takes; else the seed stands for
 *     it
 * @param dropout the probability with which an element of the layer's input is dropped in training,
 *     in front of the adapter
 * @param thetaBound the vector starts uniform in ± this
 * @param initWeights whether the vector starts within its bound; else with N(0, 1)
 * @param common targets, task and base model
 */
public record UniLoraConfig(
    int r,
    int thetaLength,
    int seed,
    boolean saveIndices,
    double dropout,
    double thetaBound,
    boolean initWeights,
    CommonSettings common)
    implements CommonConfig<UniLoraConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public UniLoraConfig {
    SettingChecks.rank("r", r);
    SettingChecks.atLeast("theta length", thetaLength, 1);
    SettingChecks.atLeast("seed", seed, 0);
    SettingChecks.probability("dropout", dropout, common.targets().fromFile());
    SettingChecks.between("theta bound", thetaBound, 0, Double.MAX_VALUE);
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return UniLoraTuner.PEFT_TYPE;
  }

  @Override
  public UniLoraConfig withCommon(CommonSettings other) {
    return new UniLoraConfig(
        r, thetaLength, seed, saveIndices, dropout, thetaBound, initWeights, other);
  }

  /** A builder of a {@link UniLoraConfig}; lists add up when a method is called again. */
  public static final class Builder extends BiasedConfigBuilder<Builder> {
    private int r = 4;
    private int thetaLength = 256;
    private int seed = 42;
    private boolean saveIndices;
    private double dropout;
    private double thetaBound = 0.02;
    private boolean initWeights = true;

    private Builder() {}

    /** Sets the rank. */
    public Builder r(int value) {
      r = value;
      return this;
    }

    /** Sets the length of the vector that is trained. */
    public Builder thetaLength(int value) {
      thetaLength = value;
      return this;
    }

    /**
     * Sets the seed by which places take numbers of the vector, drawn as NumPy draws; peft's {@code
     * proj_seed}.
     */
    public Builder seed(int value) {
      seed = value;
      return this;
    }

    /** Sets whether the file says which number each place takes; else the seed stands for it. */
    public Builder saveIndices(boolean value) {
      saveIndices = value;
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

    /** Sets the vector starts uniform in ± this. */
    public Builder thetaBound(double value) {
      thetaBound = value;
      return this;
    }

    /** Sets whether the vector starts within its bound; else with N(0, 1). */
    public Builder initWeights(boolean value) {
      initWeights = value;
      return this;
    }

    @Override
    public UniLoraConfig build() {
      return new UniLoraConfig(
          r, thetaLength, seed, saveIndices, dropout, thetaBound, initWeights, common());
    }
  }
}
