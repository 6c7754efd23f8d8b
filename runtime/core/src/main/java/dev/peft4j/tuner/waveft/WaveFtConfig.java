package dev.peft4j.tuner.waveft;

import dev.peft4j.tuner.BiasedConfigBuilder;
import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.PatternMap;
import dev.peft4j.tuner.SettingChecks;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * Settings of {@link WaveFtTuner}: peft's {@code WaveFTConfig}.
 *
 * @param frequencies the number of coefficients of a layer
 * @param scaling a factor of what the adapter adds
 * @param wavelet the wavelet: {@code db1} to {@code db10}, {@code sym2} to {@code sym10} or {@code
 *     coif1} to {@code coif5}
 * @param useIdwt whether the coefficients are transformed; else they are the change of the weight
 *     themselves
 * @param seed the seed of the coefficients' places, which are drawn as torch draws them; peft's
 *     {@code random_loc_seed}
 * @param proportional whether layers get coefficients by their size; peft's {@code
 *     proportional_parameters}
 * @param initWeights whether the adapter starts as zero; else its weights are random
 * @param frequencyPattern numbers of coefficients of some of the layers; the first that fits a
 *     layer counts
 * @param common targets, task and base model
 */
public record WaveFtConfig(
    int frequencies,
    double scaling,
    String wavelet,
    boolean useIdwt,
    int seed,
    boolean proportional,
    boolean initWeights,
    SequencedMap<String, Integer> frequencyPattern,
    CommonSettings common)
    implements CommonConfig<WaveFtConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public WaveFtConfig {
    SettingChecks.atLeast("frequencies", frequencies, 1);
    SettingChecks.finite("scaling", scaling);
    SettingChecks.atLeast("seed", seed, 0);
    frequencyPattern.forEach(
        (key, rank) -> SettingChecks.rank("frequency pattern '" + key + "'", rank));
    frequencyPattern = PatternMap.of(frequencyPattern);
    Wavelets.require(wavelet);
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return WaveFtTuner.PEFT_TYPE;
  }

  @Override
  public WaveFtConfig withCommon(CommonSettings other) {
    return new WaveFtConfig(
        frequencies,
        scaling,
        wavelet,
        useIdwt,
        seed,
        proportional,
        initWeights,
        frequencyPattern,
        other);
  }

  WaveFtConfig withPatterns(SequencedMap<String, Integer> frequencyPatternNow) {
    return new WaveFtConfig(
        frequencies,
        scaling,
        wavelet,
        useIdwt,
        seed,
        proportional,
        initWeights,
        frequencyPatternNow,
        common);
  }

  /** A builder of a {@link WaveFtConfig}; lists add up when a method is called again. */
  public static final class Builder extends BiasedConfigBuilder<Builder> {
    private int frequencies = 2592;
    private double scaling = 25;
    private String wavelet = "db1";
    private boolean useIdwt = true;
    private int seed = 777;
    private boolean proportional;
    private boolean initWeights = true;
    private final SequencedMap<String, Integer> frequencyPattern = new LinkedHashMap<>();

    private Builder() {}

    /** Sets the number of coefficients of a layer. */
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
     * Sets the wavelet: {@code db1} to {@code db10}, {@code sym2} to {@code sym10} or {@code coif1}
     * to {@code coif5}.
     */
    public Builder wavelet(String value) {
      wavelet = value;
      return this;
    }

    /**
     * Sets whether the coefficients are transformed; else they are the change of the weight
     * themselves.
     */
    public Builder useIdwt(boolean value) {
      useIdwt = value;
      return this;
    }

    /**
     * Sets the seed of the coefficients' places, which are drawn as torch draws them; peft's {@code
     * random_loc_seed}.
     */
    public Builder seed(int value) {
      seed = value;
      return this;
    }

    /**
     * Sets whether layers get coefficients by their size; peft's {@code proportional_parameters}.
     */
    public Builder proportional(boolean value) {
      proportional = value;
      return this;
    }

    /** Sets whether the adapter starts as zero; else its weights are random. */
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
    public WaveFtConfig build() {
      return new WaveFtConfig(
          frequencies,
          scaling,
          wavelet,
          useIdwt,
          seed,
          proportional,
          initWeights,
          frequencyPattern,
          common());
    }
  }
}
