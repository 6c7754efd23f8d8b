package dev.peft4j.tuner.psoft;

import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.LayeredConfigBuilder;
import dev.peft4j.tuner.SettingChecks;

/**
 * Settings of {@link PsoftTuner}: peft's {@code PsoftConfig}.
 *
 * @param r the rank
 * @param alpha the numerator of the scale: what the adapter adds is multiplied by alpha / r
 * @param dropout the probability with which an element of the layer's input is dropped in training,
 *     in front of the adapter
 * @param share how the singular values are shared between the frozen factors
 * @param svd how the weight is decomposed
 * @param iterations the number of iterations with {@link PsoftSvd#LOWRANK}
 * @param seed the seed of the random numbers with {@link PsoftSvd#LOWRANK}
 * @param orth whether the matrix between the factors is a rotation; else it is free
 * @param magB whether its rows are scaled
 * @param magA whether its columns are scaled
 * @param useCayleyNeumann whether the rotation is approximated by the first terms of a series,
 *     which needs no inverse
 * @param neumannTerms the number of terms of that series; peft's {@code num_cayley_neumann_terms}
 * @param neumannEps the norm above which the skew matrix is scaled down for that series; 0 for none
 * @param initWeights whether the adapter starts as the identity
 * @param common targets, task and base model
 */
public record PsoftConfig(
    int r,
    double alpha,
    double dropout,
    PsoftShare share,
    PsoftSvd svd,
    int iterations,
    int seed,
    boolean orth,
    boolean magB,
    boolean magA,
    boolean useCayleyNeumann,
    int neumannTerms,
    double neumannEps,
    boolean initWeights,
    CommonSettings common)
    implements CommonConfig<PsoftConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public PsoftConfig {
    SettingChecks.rank("r", r);
    SettingChecks.above("alpha", alpha, 0, common.targets().fromFile());
    SettingChecks.probability("dropout", dropout, common.targets().fromFile());
    SettingChecks.atLeast("iterations", iterations, 0);
    SettingChecks.atLeast("seed", seed, 0);
    SettingChecks.atLeast("neumann terms", neumannTerms, 1);
    SettingChecks.between("neumann eps", neumannEps, 0, Double.MAX_VALUE);
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return PsoftTuner.PEFT_TYPE;
  }

  @Override
  public PsoftConfig withCommon(CommonSettings other) {
    return new PsoftConfig(
        r,
        alpha,
        dropout,
        share,
        svd,
        iterations,
        seed,
        orth,
        magB,
        magA,
        useCayleyNeumann,
        neumannTerms,
        neumannEps,
        initWeights,
        other);
  }

  /** A builder of a {@link PsoftConfig}; lists add up when a method is called again. */
  public static final class Builder extends LayeredConfigBuilder<Builder> {
    private int r = 32;
    private double alpha = 32;
    private double dropout;
    private PsoftShare share = PsoftShare.PSOFT;
    private PsoftSvd svd = PsoftSvd.FULL;
    private int iterations = 10;
    private int seed;
    private boolean orth = true;
    private boolean magB = true;
    private boolean magA = true;
    private boolean useCayleyNeumann;
    private int neumannTerms = 5;
    private double neumannEps;
    private boolean initWeights = true;

    private Builder() {}

    /** Sets the rank. */
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
     * Sets the probability with which an element of the layer's input is dropped in training, in
     * front of the adapter.
     */
    public Builder dropout(double value) {
      dropout = value;
      return this;
    }

    /** Sets how the singular values are shared between the frozen factors. */
    public Builder share(PsoftShare value) {
      share = value;
      return this;
    }

    /** Sets how the weight is decomposed. */
    public Builder svd(PsoftSvd value) {
      svd = value;
      return this;
    }

    /** Sets the number of iterations with {@link PsoftSvd#LOWRANK}. */
    public Builder iterations(int value) {
      iterations = value;
      return this;
    }

    /** Sets the seed of the random numbers with {@link PsoftSvd#LOWRANK}. */
    public Builder seed(int value) {
      seed = value;
      return this;
    }

    /** Sets whether the matrix between the factors is a rotation; else it is free. */
    public Builder orth(boolean value) {
      orth = value;
      return this;
    }

    /** Sets whether its rows are scaled. */
    public Builder magB(boolean value) {
      magB = value;
      return this;
    }

    /** Sets whether its columns are scaled. */
    public Builder magA(boolean value) {
      magA = value;
      return this;
    }

    /**
     * Sets whether the rotation is approximated by the first terms of a series, which needs no
     * inverse.
     */
    public Builder useCayleyNeumann(boolean value) {
      useCayleyNeumann = value;
      return this;
    }

    /** Sets the number of terms of that series; peft's {@code num_cayley_neumann_terms}. */
    public Builder neumannTerms(int value) {
      neumannTerms = value;
      return this;
    }

    /** Sets the norm above which the skew matrix is scaled down for that series; 0 for none. */
    public Builder neumannEps(double value) {
      neumannEps = value;
      return this;
    }

    /** Sets whether the adapter starts as the identity. */
    public Builder initWeights(boolean value) {
      initWeights = value;
      return this;
    }

    @Override
    public PsoftConfig build() {
      return new PsoftConfig(
          r,
          alpha,
          dropout,
          share,
          svd,
          iterations,
          seed,
          orth,
          magB,
          magA,
          useCayleyNeumann,
          neumannTerms,
          neumannEps,
          initWeights,
          common());
    }
  }
}
