package dev.peft4j.tuner.adamss;

import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.LayeredConfigBuilder;
import dev.peft4j.tuner.SettingChecks;

/**
 * Settings of {@link AdamssTuner}: peft's {@code AdamssConfig}.
 *
 * @param r the number of the weight's singular vectors that the changes are made of
 * @param subspaces the number of clusters of a layer
 * @param subspaceRank the rank of each cluster's change; with {@link #dynamicRank} the largest
 * @param orthogonal whether the adapter starts as zero; else the matrices B are random
 * @param dynamicRank whether a cluster's rank follows from its singular values; peft's {@code
 *     use_dynamic_rank}
 * @param svdThreshold the share of the largest singular value above which one counts with {@link
 *     #dynamicRank}
 * @param seed the seed of the decomposition, which draws as torch does; peft's {@code random_seed}
 * @param useAsa whether the least important clusters are frozen during training (adaptive subspace
 *     allocation)
 * @param asaTargetSubspaces the number of clusters of all layers that are still trained at the end
 * @param initWarmup the step from which clusters are frozen
 * @param finalWarmup the last step at which clusters are frozen
 * @param maskInterval the steps between two times at which clusters are frozen
 * @param asaImportanceBeta the share of the past in the average of a cluster's importance
 * @param asaUncertaintyBeta the share of the past in the average of its uncertainty
 * @param asaScheduleExponent the exponent of the schedule from all clusters to the target
 * @param common targets, task and base model
 */
public record AdamssConfig(
    int r,
    int subspaces,
    int subspaceRank,
    boolean orthogonal,
    boolean dynamicRank,
    double svdThreshold,
    int seed,
    boolean useAsa,
    int asaTargetSubspaces,
    int initWarmup,
    int finalWarmup,
    int maskInterval,
    double asaImportanceBeta,
    double asaUncertaintyBeta,
    double asaScheduleExponent,
    CommonSettings common)
    implements CommonConfig<AdamssConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public AdamssConfig {
    SettingChecks.rank("r", r);
    SettingChecks.atLeast("subspaces", subspaces, 1);
    SettingChecks.atLeast("subspace rank", subspaceRank, 1);
    SettingChecks.between("svd threshold", svdThreshold, 0, 1);
    SettingChecks.atLeast("seed", seed, 0);
    SettingChecks.atLeast("asa target subspaces", asaTargetSubspaces, 1);
    SettingChecks.atLeast("init warmup", initWarmup, 0);
    SettingChecks.atLeast("final warmup", finalWarmup, 0);
    SettingChecks.atLeast("mask interval", maskInterval, 1);
    SettingChecks.between("asa importance beta", asaImportanceBeta, 0, 1);
    SettingChecks.between("asa uncertainty beta", asaUncertaintyBeta, 0, 1);
    SettingChecks.above(
        "asa schedule exponent", asaScheduleExponent, 0, common.targets().fromFile());
    if (useAsa && initWarmup >= finalWarmup) {
      throw new IllegalArgumentException(
          "init warmup is " + initWarmup + ", must be before the final one, " + finalWarmup);
    }
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return AdamssTuner.PEFT_TYPE;
  }

  @Override
  public AdamssConfig withCommon(CommonSettings other) {
    return new AdamssConfig(
        r,
        subspaces,
        subspaceRank,
        orthogonal,
        dynamicRank,
        svdThreshold,
        seed,
        useAsa,
        asaTargetSubspaces,
        initWarmup,
        finalWarmup,
        maskInterval,
        asaImportanceBeta,
        asaUncertaintyBeta,
        asaScheduleExponent,
        other);
  }

  /** A builder of a {@link AdamssConfig}; lists add up when a method is called again. */
  public static final class Builder extends LayeredConfigBuilder<Builder> {
    private int r = 100;
    private int subspaces = 5;
    private int subspaceRank = 1;
    private boolean orthogonal = true;
    private boolean dynamicRank;
    private double svdThreshold = 0.1;
    private int seed;
    private boolean useAsa;
    private int asaTargetSubspaces = 50;
    private int initWarmup = 50;
    private int finalWarmup = 1000;
    private int maskInterval = 100;
    private double asaImportanceBeta = 0.85;
    private double asaUncertaintyBeta = 0.85;
    private double asaScheduleExponent = 3;

    private Builder() {}

    /** Sets the number of the weight's singular vectors that the changes are made of. */
    public Builder r(int value) {
      r = value;
      return this;
    }

    /** Sets the number of clusters of a layer. */
    public Builder subspaces(int value) {
      subspaces = value;
      return this;
    }

    /** Sets the rank of each cluster's change; with {@link #dynamicRank} the largest. */
    public Builder subspaceRank(int value) {
      subspaceRank = value;
      return this;
    }

    /**
     * Sets whether the adapter starts as zero; else the matrices B are random. Peft's {@code
     * init_weights}.
     */
    public Builder orthogonal(boolean value) {
      orthogonal = value;
      return this;
    }

    /**
     * Sets whether a cluster's rank follows from its singular values; peft's {@code
     * use_dynamic_rank}.
     */
    public Builder dynamicRank(boolean value) {
      dynamicRank = value;
      return this;
    }

    /**
     * Sets the share of the largest singular value above which one counts with {@link
     * #dynamicRank}.
     */
    public Builder svdThreshold(double value) {
      svdThreshold = value;
      return this;
    }

    /**
     * Sets the seed of the decomposition, which draws as torch does; peft's {@code random_seed}.
     */
    public Builder seed(int value) {
      seed = value;
      return this;
    }

    /**
     * Sets whether the least important clusters are frozen during training (adaptive subspace
     * allocation).
     */
    public Builder useAsa(boolean value) {
      useAsa = value;
      return this;
    }

    /** Sets the number of clusters of all layers that are still trained at the end. */
    public Builder asaTargetSubspaces(int value) {
      asaTargetSubspaces = value;
      return this;
    }

    /** Sets the step from which clusters are frozen. */
    public Builder initWarmup(int value) {
      initWarmup = value;
      return this;
    }

    /** Sets the last step at which clusters are frozen. */
    public Builder finalWarmup(int value) {
      finalWarmup = value;
      return this;
    }

    /** Sets the steps between two times at which clusters are frozen. */
    public Builder maskInterval(int value) {
      maskInterval = value;
      return this;
    }

    /** Sets the share of the past in the average of a cluster's importance. */
    public Builder asaImportanceBeta(double value) {
      asaImportanceBeta = value;
      return this;
    }

    /** Sets the share of the past in the average of its uncertainty. */
    public Builder asaUncertaintyBeta(double value) {
      asaUncertaintyBeta = value;
      return this;
    }

    /** Sets the exponent of the schedule from all clusters to the target. */
    public Builder asaScheduleExponent(double value) {
      asaScheduleExponent = value;
      return this;
    }

    @Override
    public AdamssConfig build() {
      return new AdamssConfig(
          r,
          subspaces,
          subspaceRank,
          orthogonal,
          dynamicRank,
          svdThreshold,
          seed,
          useAsa,
          asaTargetSubspaces,
          initWarmup,
          finalWarmup,
          maskInterval,
          asaImportanceBeta,
          asaUncertaintyBeta,
          asaScheduleExponent,
          common());
    }
  }
}
