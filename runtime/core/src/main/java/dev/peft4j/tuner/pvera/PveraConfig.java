package dev.peft4j.tuner.pvera;

import dev.peft4j.tuner.BiasedConfigBuilder;
import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.SettingChecks;

/**
 * Settings of {@link PveraTuner}: peft's {@code PveraConfig}.
 *
 * @param r the number of hidden values; A has two rows for each
 * @param projectionSeed the seed of the frozen matrices, which are drawn as torch draws them;
 *     peft's {@code projection_prng_key}
 * @param saveProjection whether the shared matrices are in the file; else they are drawn again from
 *     the seed when it is loaded
 * @param dropout the probability with which an element of the layer's input is dropped in training,
 *     in front of the adapter
 * @param dInitial the number that the vector in the middle starts with
 * @param initWeights whether the adapter starts as zero; else the outer vector is ones and the
 *     middle one random
 * @param sampleAtInference whether hidden values are drawn in evaluation, too; else it takes their
 *     mean
 * @param generatorSeed the seed of each layer's generator, which draws as torch's does; -1 for the
 *     model's own generators
 * @param common targets, task and base model
 */
public record PveraConfig(
    int r,
    int projectionSeed,
    boolean saveProjection,
    double dropout,
    double dInitial,
    boolean initWeights,
    boolean sampleAtInference,
    int generatorSeed,
    CommonSettings common)
    implements CommonConfig<PveraConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public PveraConfig {
    SettingChecks.rank("r", r);
    SettingChecks.atLeast("projection seed", projectionSeed, 0);
    SettingChecks.probability("dropout", dropout, common.targets().fromFile());
    SettingChecks.finite("d initial", dInitial);
    SettingChecks.atLeast("generator seed", generatorSeed, -1);
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return PveraTuner.PEFT_TYPE;
  }

  @Override
  public PveraConfig withCommon(CommonSettings other) {
    return new PveraConfig(
        r,
        projectionSeed,
        saveProjection,
        dropout,
        dInitial,
        initWeights,
        sampleAtInference,
        generatorSeed,
        other);
  }

  /** A builder of a {@link PveraConfig}; lists add up when a method is called again. */
  public static final class Builder extends BiasedConfigBuilder<Builder> {
    private int r = 256;
    private int projectionSeed;
    private boolean saveProjection = true;
    private double dropout;
    private double dInitial = 0.1;
    private boolean initWeights = true;
    private boolean sampleAtInference;
    private int generatorSeed = -1;

    private Builder() {}

    /** Sets the number of hidden values; A has two rows for each. */
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

    /** Sets whether hidden values are drawn in evaluation, too; else it takes their mean. */
    public Builder sampleAtInference(boolean value) {
      sampleAtInference = value;
      return this;
    }

    /**
     * Sets the seed of each layer's generator, which draws as torch's does; -1 for the model's own
     * generators.
     */
    public Builder generatorSeed(int value) {
      generatorSeed = value;
      return this;
    }

    @Override
    public PveraConfig build() {
      return new PveraConfig(
          r,
          projectionSeed,
          saveProjection,
          dropout,
          dInitial,
          initWeights,
          sampleAtInference,
          generatorSeed,
          common());
    }
  }
}
