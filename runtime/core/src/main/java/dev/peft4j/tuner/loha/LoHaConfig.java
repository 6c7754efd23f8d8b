package dev.peft4j.tuner.loha;

import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.LayeredConfigBuilder;
import dev.peft4j.tuner.PatternMap;
import dev.peft4j.tuner.SettingChecks;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * Settings of {@link LoHaTuner}: peft's {@code LoHaConfig}.
 *
 * @param r the rank of each of the two products
 * @param alpha the numerator of the scale
 * @param rankDropout the probability with which an output of the adapter is dropped in training
 * @param moduleDropout the probability with which an adapter is left out of a training step
 * @param useEffectiveConv2d whether kernels of convolutions are decomposed along their channels
 * @param initWeights whether the adapter starts as zero; else all its factors are random
 * @param rankPattern ranks by regular expressions for paths
 * @param alphaPattern alphas by regular expressions for paths
 * @param common targets, task and base model
 */
public record LoHaConfig(
    int r,
    double alpha,
    double rankDropout,
    double moduleDropout,
    boolean useEffectiveConv2d,
    boolean initWeights,
    SequencedMap<String, Integer> rankPattern,
    SequencedMap<String, Double> alphaPattern,
    CommonSettings common)
    implements CommonConfig<LoHaConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public LoHaConfig {
    boolean fromFile = common.targets().fromFile();
    SettingChecks.rank("r", r);
    rankPattern.forEach((key, rank) -> SettingChecks.rank("rank pattern '" + key + "'", rank));
    SettingChecks.above("alpha", alpha, 0, fromFile);
    alphaPattern.forEach(
        (key, a) -> SettingChecks.above("alpha pattern '" + key + "'", a, 0, fromFile));
    SettingChecks.probability("rank dropout", rankDropout, fromFile);
    SettingChecks.probability("module dropout", moduleDropout, true);
    rankPattern = PatternMap.of(rankPattern);
    alphaPattern = PatternMap.of(alphaPattern);
  }

  /** Starts with peft's defaults: r 8, alpha 8, no dropout; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return LoHaTuner.PEFT_TYPE;
  }

  @Override
  public LoHaConfig withCommon(CommonSettings other) {
    return new LoHaConfig(
        r,
        alpha,
        rankDropout,
        moduleDropout,
        useEffectiveConv2d,
        initWeights,
        rankPattern,
        alphaPattern,
        other);
  }

  LoHaConfig withPatterns(
      SequencedMap<String, Integer> ranks, SequencedMap<String, Double> alphas) {
    return new LoHaConfig(
        r,
        alpha,
        rankDropout,
        moduleDropout,
        useEffectiveConv2d,
        initWeights,
        ranks,
        alphas,
        common);
  }

  /** Returns the rank of the layer at {@code path}. */
  public int rankOf(String path) {
    return PatternMap.of(rankPattern).valueFor(path, r);
  }

  /** Returns the scale of the layer at {@code path}: alpha / r. */
  public double scaleOf(String path) {
    return PatternMap.of(alphaPattern).valueFor(path, alpha) / rankOf(path);
  }

  /** A builder of a {@link LoHaConfig}; lists add up when a method is called again. */
  public static final class Builder extends LayeredConfigBuilder<Builder> {
    private int r = 8;
    private double alpha = 8;
    private double rankDropout;
    private double moduleDropout;
    private boolean useEffectiveConv2d;
    private boolean initWeights = true;
    private final SequencedMap<String, Integer> rankPattern = new LinkedHashMap<>();
    private final SequencedMap<String, Double> alphaPattern = new LinkedHashMap<>();

    private Builder() {}

    /** Sets the rank; at least 1. */
    public Builder r(int value) {
      r = value;
      return this;
    }

    /** Sets the numerator of the scale; positive. */
    public Builder alpha(double value) {
      alpha = value;
      return this;
    }

    /** Sets the probability with which an output of the adapter is dropped; in [0, 1). */
    public Builder rankDropout(double value) {
      rankDropout = value;
      return this;
    }

    /** Sets the probability with which an adapter is left out of a training step; in [0, 1]. */
    public Builder moduleDropout(double value) {
      moduleDropout = value;
      return this;
    }

    /** Sets whether kernels of convolutions are decomposed along their channels. */
    public Builder useEffectiveConv2d(boolean value) {
      useEffectiveConv2d = value;
      return this;
    }

    /** Sets whether the adapter starts as zero; else all its factors are random. */
    public Builder initWeights(boolean value) {
      initWeights = value;
      return this;
    }

    /** Sets another rank for layers whose path ends in {@code key}. */
    public Builder rankPattern(String key, int rank) {
      rankPattern.put(key, rank);
      return this;
    }

    /** Sets another alpha for layers whose path ends in {@code key}. */
    public Builder alphaPattern(String key, double value) {
      alphaPattern.put(key, value);
      return this;
    }

    @Override
    public LoHaConfig build() {
      return new LoHaConfig(
          r,
          alpha,
          rankDropout,
          moduleDropout,
          useEffectiveConv2d,
          initWeights,
          rankPattern,
          alphaPattern,
          common());
    }
  }
}
