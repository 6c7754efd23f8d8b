package dev.peft4j.tuner.fourierft;

import dev.peft4j.tuner.BiasedConfigBuilder;
import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.PatternMap;
import dev.peft4j.tuner.SettingChecks;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * Settings of {@link FourierFtTuner}: peft's {@code FourierFTConfig}.
 *
 * @param frequencies the number of frequencies of a layer
 * @param scaling a factor of what the adapter adds
 * @param seed the seed of the frequencies' places, which are drawn as torch draws them; peft's
 *     {@code random_loc_seed}
 * @param initWeights whether the adapter starts as zero; peft's default is a random start
 * @param frequencyPattern numbers of frequencies of some of the layers; the first that fits a layer
 *     counts
 * @param common targets, task and base model
 */
public record FourierFtConfig(
    int frequencies,
    double scaling,
    int seed,
    boolean initWeights,
    SequencedMap<String, Integer> frequencyPattern,
    CommonSettings common)
    implements CommonConfig<FourierFtConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public FourierFtConfig {
    SettingChecks.atLeast("frequencies", frequencies, 1);
    SettingChecks.finite("scaling", scaling);
    SettingChecks.atLeast("seed", seed, 0);
    frequencyPattern.forEach(
        (key, rank) -> SettingChecks.rank("frequency pattern '" + key + "'", rank));
    frequencyPattern = PatternMap.of(frequencyPattern);
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return FourierFtTuner.PEFT_TYPE;
  }

  @Override
  public FourierFtConfig withCommon(CommonSettings other) {
    return new FourierFtConfig(frequencies, scaling, seed, initWeights, frequencyPattern, other);
  }

  FourierFtConfig withPatterns(SequencedMap<String, Integer> frequencyPatternNow) {
    return new FourierFtConfig(
        frequencies, scaling, seed, initWeights, frequencyPatternNow, common);
  }

  /** A builder of a {@link FourierFtConfig}; lists add up when a method is called again. */
  public static final class Builder extends BiasedConfigBuilder<Builder> {
    private int frequencies = 1000;
    private double scaling = 150;
    private int seed = 777;
    private boolean initWeights;
    private final SequencedMap<String, Integer> frequencyPattern = new LinkedHashMap<>();

    private Builder() {}

    /** Sets the number of frequencies of a layer. */
    public Builder frequencies(int value) {
      frequencies = value;
      return this;
    }

    /** Sets a factor of what the adapter adds. */
    public Builder scaling(double value) {
      scaling = value;
      return this;
    }

    /**
     * Sets the seed of the frequencies' places, which are drawn as torch draws them; peft's {@code
     * random_loc_seed}.
     */
    public Builder seed(int value) {
      seed = value;
      return this;
    }

    /** Sets whether the adapter starts as zero; peft's default is a random start. */
    public Builder initWeights(boolean value) {
      initWeights = value;
      return this;
    }

    /** Sets another value for layers whose path ends in {@code key}. */
    public Builder frequencyPattern(String key, int value) {
      frequencyPattern.put(key, value);
      return this;
    }

    @Override
    public FourierFtConfig build() {
      return new FourierFtConfig(
          frequencies, scaling, seed, initWeights, frequencyPattern, common());
    }
  }
}
