package dev.peft4j.tuner.supertuning;

import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.ConfigBuilder;
import dev.peft4j.tuner.SettingChecks;

/**
 * Settings of {@link SuperTuningTuner}: peft's {@code SupertuningConfig}.
 *
 * @param sparsity the share of the weights that are not trained
 * @param selectTop whether the largest weights are trained; else the smallest
 * @param r the rank of a low-rank part besides them; 0 for none
 * @param alpha the numerator of the low-rank part's scale alpha / r; 0 for 2r
 * @param dropout the probability with which an element of the layer's input is dropped in training,
 *     in front of the low-rank part
 * @param initWeights whether the adapter starts as zero; else its weights are random
 * @param saveIndices whether the places of the trained weights are saved; else they are found again
 *     from the base model
 * @param common targets, task and base model
 */
public record SuperTuningConfig(
    double sparsity,
    boolean selectTop,
    int r,
    double alpha,
    double dropout,
    boolean initWeights,
    boolean saveIndices,
    CommonSettings common)
    implements CommonConfig<SuperTuningConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public SuperTuningConfig {
    SettingChecks.probability("sparsity", sparsity, common.targets().fromFile());
    SettingChecks.atLeast("r", r, 0);
    SettingChecks.between("alpha", alpha, 0, Double.MAX_VALUE);
    SettingChecks.probability("dropout", dropout, common.targets().fromFile());
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return SuperTuningTuner.PEFT_TYPE;
  }

  @Override
  public SuperTuningConfig withCommon(CommonSettings other) {
    return new SuperTuningConfig(
        sparsity, selectTop, r, alpha, dropout, initWeights, saveIndices, other);
  }

  /** A builder of a {@link SuperTuningConfig}; lists add up when a method is called again. */
  public static final class Builder extends ConfigBuilder<Builder> {
    private double sparsity = 0.99;
    private boolean selectTop = true;
    private int r;
    private double alpha;
    private double dropout;
    private boolean initWeights = true;
    private boolean saveIndices = true;

    private Builder() {}

    /** Sets the share of the weights that are not trained. */
    public Builder sparsity(double value) {
      sparsity = value;
      return this;
    }

    /** Sets whether the largest weights are trained; else the smallest. */
    public Builder selectTop(boolean value) {
      selectTop = value;
      return this;
    }

    /** Sets the rank of a low-rank part besides them; 0 for none. */
    public Builder r(int value) {
      r = value;
      return this;
    }

    /** Sets the numerator of the low-rank part's scale alpha / r; 0 for 2r. */
    public Builder alpha(double value) {
      alpha = value;
      return this;
    }

    /**
     * Sets the probability with which an element of the layer's input is dropped in training, in
     * front of the low-rank part.
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

    /**
     * Sets whether the places of the trained weights are saved; else they are found again from the
     * base model.
     */
    public Builder saveIndices(boolean value) {
      saveIndices = value;
      return this;
    }

    @Override
    public SuperTuningConfig build() {
      return new SuperTuningConfig(
          sparsity, selectTop, r, alpha, dropout, initWeights, saveIndices, common());
    }
  }
}
