package dev.peft4j.tuner.tinylora;

import dev.peft4j.tuner.BiasedConfigBuilder;
import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.SettingChecks;

/**
 * Settings of {@link TinyLoraTuner}: peft's {@code TinyLoraConfig}.
 *
 * @param r the number of singular vectors
 * @param u the number of trained numbers of a group of layers
 * @param weightTying how far layers share their numbers: 0 not at all, 1 all of them
 * @param projectionSeed the seed of the frozen matrices, which are drawn as torch draws them
 * @param saveProjection whether the random matrices are in the file; else they are drawn again from
 *     the seed when it is loaded
 * @param dropout the probability with which an element of the layer's input is dropped in training,
 *     in front of the adapter
 * @param bound the bound with {@link TinyLoraStart#UNIFORM}
 * @param start what the vector starts from
 * @param common targets, task and base model
 */
public record TinyLoraConfig(
    int r,
    int u,
    double weightTying,
    int projectionSeed,
    boolean saveProjection,
    double dropout,
    double bound,
    TinyLoraStart start,
    CommonSettings common)
    implements CommonConfig<TinyLoraConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public TinyLoraConfig {
    SettingChecks.rank("r", r);
    SettingChecks.atLeast("u", u, 1);
    SettingChecks.between("weight tying", weightTying, 0, 1);
    SettingChecks.atLeast("projection seed", projectionSeed, 0);
    SettingChecks.probability("dropout", dropout, common.targets().fromFile());
    SettingChecks.between("bound", bound, 0, Double.MAX_VALUE);
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return TinyLoraTuner.PEFT_TYPE;
  }

  @Override
  public TinyLoraConfig withCommon(CommonSettings other) {
    return new TinyLoraConfig(
        r, u, weightTying, projectionSeed, saveProjection, dropout, bound, start, other);
  }

  /** A builder of a {@link TinyLoraConfig}; lists add up when a method is called again. */
  public static final class Builder extends BiasedConfigBuilder<Builder> {
    private int r = 2;
    private int u = 64;
    private double weightTying;
    private int projectionSeed = 42;
    private boolean saveProjection = true;
    private double dropout;
    private double bound = 0.02;
    private TinyLoraStart start = TinyLoraStart.ZERO;

    private Builder() {}

    /** Sets the number of singular vectors. */
    public Builder r(int value) {
      r = value;
      return this;
    }

    /** Sets the number of trained numbers of a group of layers. */
    public Builder u(int value) {
      u = value;
      return this;
    }

    /** Sets how far layers share their numbers: 0 not at all, 1 all of them. */
    public Builder weightTying(double value) {
      weightTying = value;
      return this;
    }

    /** Sets the seed of the frozen matrices, which are drawn as torch draws them. */
    public Builder projectionSeed(int value) {
      projectionSeed = value;
      return this;
    }

    /**
     * Sets whether the random matrices are in the file; else they are drawn again from the seed
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

    /** Sets the bound with {@link TinyLoraStart#UNIFORM}. */
    public Builder bound(double value) {
      bound = value;
      return this;
    }

    /** Sets what the vector starts from. */
    public Builder start(TinyLoraStart value) {
      start = value;
      return this;
    }

    @Override
    public TinyLoraConfig build() {
      return new TinyLoraConfig(
          r, u, weightTying, projectionSeed, saveProjection, dropout, bound, start, common());
    }
  }
}
