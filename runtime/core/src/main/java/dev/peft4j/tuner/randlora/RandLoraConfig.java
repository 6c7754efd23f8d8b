package dev.peft4j.tuner.randlora;

import dev.peft4j.tuner.BiasedConfigBuilder;
import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.SettingChecks;

/**
 * Settings of {@link RandLoraTuner}: peft's {@code RandLoraConfig}.
 *
 * @param r the rank of each random matrix; a smaller one means more of them, and more to train
 * @param alpha the numerator of the scale: what the adapter adds is multiplied by alpha / r
 * @param projectionSeed the seed of the frozen matrices, which are drawn as torch draws them;
 *     peft's {@code projection_prng_key}
 * @param saveProjection whether the shared matrices are in the file; else they are drawn again from
 *     the seed when it is loaded
 * @param sparse whether the random matrices hold only -1, 0 and 1, two thirds of it zeros
 * @param verySparse the same with far more zeros: the share of the others is one over the root of
 *     the smaller size
 * @param dropout the probability with which an element of the layer's input is dropped in training,
 *     in front of the adapter
 * @param initWeights whether the adapter starts as zero; else its weights are random
 * @param common targets, task and base model
 */
public record RandLoraConfig(
    int r,
    double alpha,
    int projectionSeed,
    boolean saveProjection,
    boolean sparse,
    boolean verySparse,
    double dropout,
    boolean initWeights,
    CommonSettings common)
    implements CommonConfig<RandLoraConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public RandLoraConfig {
    SettingChecks.rank("r", r);
    SettingChecks.above("alpha", alpha, 0, common.targets().fromFile());
    SettingChecks.atLeast("projection seed", projectionSeed, 0);
    SettingChecks.probability("dropout", dropout, common.targets().fromFile());
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return RandLoraTuner.PEFT_TYPE;
  }

  @Override
  public RandLoraConfig withCommon(CommonSettings other) {
    return new RandLoraConfig(
        r, alpha, projectionSeed, saveProjection, sparse, verySparse, dropout, initWeights, other);
  }

  /** A builder of a {@link RandLoraConfig}; lists add up when a method is called again. */
  public static final class Builder extends BiasedConfigBuilder<Builder> {
    private int r = 32;
    private double alpha = 640;
    private int projectionSeed;
    private boolean saveProjection = true;
    private boolean sparse;
    private boolean verySparse;
    private double dropout;
    private boolean initWeights = true;

    private Builder() {}

    /** Sets the rank of each random matrix; a smaller one means more of them, and more to train. */
    public Builder r(int value) {
      r = value;
      return this;
    }

    /** Sets the numerator of the scale: what the adapter adds is multiplied by alpha / r. */
    public Builder alpha(double value) {
      alpha = value;
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

    /** Sets whether the random matrices hold only -1, 0 and 1, two thirds of it zeros. */
    public Builder sparse(boolean value) {
      sparse = value;
      return this;
    }

    /**
     * Sets the same with far more zeros: the share of the others is one over the root of the
     * smaller size.
     */
    public Builder verySparse(boolean value) {
      verySparse = value;
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
    public RandLoraConfig build() {
      return new RandLoraConfig(
          r,
          alpha,
          projectionSeed,
          saveProjection,
          sparse,
          verySparse,
          dropout,
          initWeights,
          common());
    }
  }
}
