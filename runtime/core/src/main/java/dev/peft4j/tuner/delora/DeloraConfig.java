package dev.peft4j.tuner.delora;

import dev.peft4j.tuner.BiasedConfigBuilder;
import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.PatternMap;
import dev.peft4j.tuner.SettingChecks;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * Settings of {@link DeloraTuner}: peft's {@code DeloraConfig}.
 *
 * @param r the rank
 * @param lambda the number that the bound of the norm starts with; peft's {@code delora_lambda}
 * @param moduleDropout the probability with which an element of the layer's input is dropped in
 *     training, in front of the adapter
 * @param initWeights whether the adapter starts as zero; else its weights are random
 * @param rankPattern ranks of some of the layers; the first that fits a layer counts
 * @param lambdaPattern bounds of some of the layers; the first that fits a layer counts
 * @param common targets, task and base model
 */
public record DeloraConfig(
    int r,
    double lambda,
    double moduleDropout,
    boolean initWeights,
    SequencedMap<String, Integer> rankPattern,
    SequencedMap<String, Double> lambdaPattern,
    CommonSettings common)
    implements CommonConfig<DeloraConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public DeloraConfig {
    SettingChecks.rank("r", r);
    SettingChecks.finite("lambda", lambda);
    SettingChecks.probability("module dropout", moduleDropout, common.targets().fromFile());
    rankPattern.forEach((key, rank) -> SettingChecks.rank("rank pattern '" + key + "'", rank));
    rankPattern = PatternMap.of(rankPattern);
    lambdaPattern.forEach(
        (key, v) ->
            SettingChecks.above("lambda pattern '" + key + "'", v, 0, common.targets().fromFile()));
    lambdaPattern = PatternMap.of(lambdaPattern);
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return DeloraTuner.PEFT_TYPE;
  }

  @Override
  public DeloraConfig withCommon(CommonSettings other) {
    return new DeloraConfig(
        r, lambda, moduleDropout, initWeights, rankPattern, lambdaPattern, other);
  }

  DeloraConfig withPatterns(
      SequencedMap<String, Integer> rankPatternNow, SequencedMap<String, Double> lambdaPatternNow) {
    return new DeloraConfig(
        r, lambda, moduleDropout, initWeights, rankPatternNow, lambdaPatternNow, common);
  }

  /** Returns the rank of the layer at {@code path}. */
  public int rankOf(String path) {
    return PatternMap.of(rankPattern).valueFor(path, r);
  }

  /** A builder of a {@link DeloraConfig}; lists add up when a method is called again. */
  public static final class Builder extends BiasedConfigBuilder<Builder> {
    private int r = 8;
    private double lambda = 15;
    private double moduleDropout;
    private boolean initWeights = true;
    private final SequencedMap<String, Integer> rankPattern = new LinkedHashMap<>();
    private final SequencedMap<String, Double> lambdaPattern = new LinkedHashMap<>();

    private Builder() {}

    /** Sets the rank. */
    public Builder r(int value) {
      r = value;
      return this;
    }

    /** Sets the number that the bound of the norm starts with; peft's {@code delora_lambda}. */
    public Builder lambda(double value) {
      lambda = value;
      return this;
    }

    /**
     * Sets the probability with which an element of the layer's input is dropped in training, in
     * front of the adapter.
     */
    public Builder moduleDropout(double value) {
      moduleDropout = value;
      return this;
    }

    /** Sets whether the adapter starts as zero; else its weights are random. */
    public Builder initWeights(boolean value) {
      initWeights = value;
      return this;
    }

    /** Sets another value for layers whose path ends in {@code key}. */
    public Builder rankPattern(String key, int value) {
      rankPattern.put(key, value);
      return this;
    }

    /** Sets another value for layers whose path ends in {@code key}. */
    public Builder lambdaPattern(String key, double value) {
      lambdaPattern.put(key, value);
      return this;
    }

    @Override
    public DeloraConfig build() {
      return new DeloraConfig(
          r, lambda, moduleDropout, initWeights, rankPattern, lambdaPattern, common());
    }
  }
}
