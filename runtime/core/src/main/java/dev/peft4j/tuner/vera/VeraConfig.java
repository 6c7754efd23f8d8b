package dev.peft4j.tuner.vera;

import dev.peft4j.tuner.BiasedConfigBuilder;
import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.SettingChecks;

/**
 * Settings of {@link VeraTuner}: peft's {@code VeraConfig}.
 *
 * @param r the number of rows of A and of columns of B
 * @param projectionSeed the seed of the frozen matrices, which are drawn as torch draws them;
 *     peft's {@code projection_prng_key}
 * @param saveProjection whether the shared matrices are in the file; else they are drawn again from
 *     the seed when it is loaded
 * @param dropout the probability with which an element of the layer's input is dropped in training,
 *     in front of the adapter
 * @param dInitial the number that the vector in the middle starts with
 * @param initWeights whether the adapter starts as zero; else the outer vector is ones and the
 *     middle one random
 * @param common targets, task and base model
 */
public record VeraConfig(
    int r,
    int projectionSeed,
    boolean saveProjection,
    double dropout,
    double dInitial,
    boolean initWeights,
    CommonSettings common)
    implements CommonConfig<VeraConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public VeraConfig {
    SettingChecks.rank("r", r);
    SettingChecks.atLeast("projection seed", projectionSeed, 0);
    SettingChecks.probability("dropout", dropout, common.targets().fromFile());
    SettingChecks.finite("d initial", dInitial);
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return VeraTuner.PEFT_TYPE;
  }

  @Override
  public VeraConfig withCommon(CommonSettings other) {
    return new VeraConfig(r, projectionSeed, saveProjection, dropout, dInitial, initWeights, other);
  }

  /** A builder of a {@link VeraConfig}; lists add up when a method is called again. */
  public static final class Builder extends BiasedConfigBuilder<Builder> {
    private int r = 256;
    private int projectionSeed;
    private boolean saveProjection = true;
    private double dropout;
    private double dInitial = 0.1;
    private boolean initWeights = true;

    private Builder() {}

    /** Sets the number of rows of A and of columns of B. */
    public Builder r(int value) {
      r = value;
      return this;
    }

    /**
     * Sets the seed of the frozen matrices, which are drawn as torch draws them; peft's {@code
     * projection_prng_key}.
     */
    public Builder projectionSeed(int value) {
      projectionSeed = value;
      return this;
    }

    /**
     * Sets whether the shared matrices are in the file; else they are drawn again from the seed
     * when it is loaded.
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

    /** Sets the number that the vector in the middle starts with. */
    public Builder dInitial(double value) {
      dInitial = value;
      return this;
    }

    /**
     * Sets whether the adapter starts as zero; else the outer vector is ones and the middle one
     * random.
     */
    public Builder initWeights(boolean value) {
      initWeights = value;
      return this;
    }

    @Override
    public VeraConfig build() {
      return new VeraConfig(
          r, projectionSeed, saveProjection, dropout, dInitial, initWeights, common());
    }
  }
}
