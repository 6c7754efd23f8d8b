package dev.peft4j.tuner.osf;

import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.ConfigBuilder;
import dev.peft4j.tuner.PatternMap;
import dev.peft4j.tuner.SettingChecks;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * Settings of {@link OsfTuner}: peft's {@code OSFConfig}.
 *
 * @param effectiveRank the number of singular values that stay as they are, or, below 1, their
 *     share; 0 for half of them, -1 for all
 * @param initWeights whether the adapter starts as zero; else its weights are random
 * @param rankPattern effective ranks of some of the layers; the first whose expression is found in
 *     a layer's path counts
 * @param common targets, task and base model
 */
public record OsfConfig(
    double effectiveRank,
    boolean initWeights,
    SequencedMap<String, Double> rankPattern,
    CommonSettings common)
    implements CommonConfig<OsfConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public OsfConfig {
    SettingChecks.finite("effective rank", effectiveRank);
    rankPattern.forEach(
        (key, v) ->
            SettingChecks.above("rank pattern '" + key + "'", v, 0, common.targets().fromFile()));
    rankPattern = PatternMap.of(rankPattern);
    OsfRanks.require("effective rank", effectiveRank);
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return OsfTuner.PEFT_TYPE;
  }

  @Override
  public OsfConfig withCommon(CommonSettings other) {
    return new OsfConfig(effectiveRank, initWeights, rankPattern, other);
  }

  OsfConfig withPatterns(SequencedMap<String, Double> rankPatternNow) {
    return new OsfConfig(effectiveRank, initWeights, rankPatternNow, common);
  }

  /** A builder of a {@link OsfConfig}; lists add up when a method is called again. */
  public static final class Builder extends ConfigBuilder<Builder> {
    private double effectiveRank;
    private boolean initWeights = true;
    private final SequencedMap<String, Double> rankPattern = new LinkedHashMap<>();

    private Builder() {}

    /**
     * Sets the number of singular values that stay as they are, or, below 1, their share; 0 for
     * half of them, -1 for all.
     */
    public Builder effectiveRank(double value) {
      effectiveRank = value;
      return this;
    }

    /** Sets whether the adapter starts as zero; else its weights are random. */
    public Builder initWeights(boolean value) {
      initWeights = value;
      return this;
    }

    /** Sets another value for layers whose path ends in {@code key}. */
    public Builder rankPattern(String key, double value) {
      rankPattern.put(key, value);
      return this;
    }

    @Override
    public OsfConfig build() {
      return new OsfConfig(effectiveRank, initWeights, rankPattern, common());
    }
  }
}
