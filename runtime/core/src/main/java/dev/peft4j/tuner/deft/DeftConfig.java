package dev.peft4j.tuner.deft;

import dev.peft4j.tuner.BiasedConfigBuilder;
import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.SettingChecks;

/**
 * Settings of {@link DeftTuner}: peft's {@code DeftConfig}.
 *
 * @param r the number of directions; at most the layer's outputs
 * @param method how the directions follow from P
 * @param initScale the scale of R where it starts random
 * @param alpha the numerator of R's scale alpha / r; 0 for a scale of 1
 * @param para whether the directions are only taken out, and nothing is put in
 * @param dropout the probability with which an element of the layer's input is dropped in training,
 *     in front of the adapter
 * @param initWeights whether R starts as what is taken out, so that the adapter is zero; else it is
 *     random
 * @param common targets, task and base model
 */
public record DeftConfig(
    int r,
    DeftMethod method,
    double initScale,
    int alpha,
    boolean para,
    double dropout,
    boolean initWeights,
    CommonSettings common)
    implements CommonConfig<DeftConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public DeftConfig {
    SettingChecks.rank("r", r);
    SettingChecks.between("init scale", initScale, 0, Double.MAX_VALUE);
    SettingChecks.atLeast("alpha", alpha, 0);
    SettingChecks.probability("dropout", dropout, common.targets().fromFile());
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return DeftTuner.PEFT_TYPE;
  }

  @Override
  public DeftConfig withCommon(CommonSettings other) {
    return new DeftConfig(r, method, initScale, alpha, para, dropout, initWeights, other);
  }

  /** A builder of a {@link DeftConfig}; lists add up when a method is called again. */
  public static final class Builder extends BiasedConfigBuilder<Builder> {
    private int r = 8;
    private DeftMethod method = DeftMethod.RELU;
    private double initScale = 1;
    private int alpha;
    private boolean para;
    private double dropout;
    private boolean initWeights = true;

    private Builder() {}

    /** Sets the number of directions; at most the layer's outputs. */
    public Builder r(int value) {
      r = value;
      return this;
    }

    /** Sets how the directions follow from P. */
    public Builder method(DeftMethod value) {
      method = value;
      return this;
    }

    /** Sets the scale of R where it starts random. */
    public Builder initScale(double value) {
      initScale = value;
      return this;
    }

    /** Sets the numerator of R's scale alpha / r; 0 for a scale of 1. */
    public Builder alpha(int value) {
      alpha = value;
      return this;
    }

    /** Sets whether the directions are only taken out, and nothing is put in. */
    public Builder para(boolean value) {
      para = value;
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

    /**
     * Sets whether R starts as what is taken out, so that the adapter is zero; else it is random.
     */
    public Builder initWeights(boolean value) {
      initWeights = value;
      return this;
    }

    @Override
    public DeftConfig build() {
      return new DeftConfig(r, method, initScale, alpha, para, dropout, initWeights, common());
    }
  }
}
