package dev.peft4j.tuner.lokr;

import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.LayeredConfigBuilder;
import dev.peft4j.tuner.PatternMap;
import dev.peft4j.tuner.SettingChecks;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * Settings of {@link LoKrTuner}: peft's {@code LoKrConfig}.
 *
 * @param r the rank of a factor that is decomposed
 * @param alpha the numerator of the scale: what the adapter adds is multiplied by alpha / r
 * @param rankDropout the probability with which an output of the adapter is dropped in training
 * @param rankDropoutScale whether the outputs that stay grow by the share of those that are dropped
 * @param moduleDropout the probability with which a whole adapter is left out of a training step
 * @param useEffectiveConv2d whether kernels of convolutions are decomposed along their channels;
 *     peft's {@code use_effective_conv2d}
 * @param decomposeBoth whether the left factor is decomposed, too, where the rank is less than half
 *     of its larger size
 * @param decomposeFactor the size of the left factor if it divides the layer's, else the largest it
 *     may have; -1 for no limit
 * @param start what the adapter starts from
 * @param rankPattern ranks of some of the layers; the first that fits a layer counts
 * @param alphaPattern alphas of some of the layers; the first that fits a layer counts
 * @param common targets, task and base model
 */
public record LoKrConfig(
    int r,
    double alpha,
    double rankDropout,
    boolean rankDropoutScale,
    double moduleDropout,
    boolean useEffectiveConv2d,
    boolean decomposeBoth,
    int decomposeFactor,
    LoKrStart start,
    SequencedMap<String, Integer> rankPattern,
    SequencedMap<String, Double> alphaPattern,
    CommonSettings common)
    implements CommonConfig<LoKrConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public LoKrConfig {
    SettingChecks.rank("r", r);
    SettingChecks.above("alpha", alpha, 0, common.targets().fromFile());
    SettingChecks.probability("rank dropout", rankDropout, common.targets().fromFile());
    SettingChecks.between("module dropout", moduleDropout, 0, 1);
    SettingChecks.atLeast("decompose factor", decomposeFactor, -1);
    rankPattern.forEach((key, rank) -> SettingChecks.rank("rank pattern '" + key + "'", rank));
    rankPattern = PatternMap.of(rankPattern);
    alphaPattern.forEach(
        (key, v) ->
            SettingChecks.above("alpha pattern '" + key + "'", v, 0, common.targets().fromFile()));
    alphaPattern = PatternMap.of(alphaPattern);
    if (decomposeFactor == 0) {
      throw new IllegalArgumentException("decompose factor is 0, must be -1 or at least 1");
    }
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return LoKrTuner.PEFT_TYPE;
  }

  @Override
  public LoKrConfig withCommon(CommonSettings other) {
    return new LoKrConfig(
        r,
        alpha,
        rankDropout,
        rankDropoutScale,
        moduleDropout,
        useEffectiveConv2d,
        decomposeBoth,
        decomposeFactor,
        start,
        rankPattern,
        alphaPattern,
        other);
  }

  LoKrConfig withPatterns(
      SequencedMap<String, Integer> rankPatternNow, SequencedMap<String, Double> alphaPatternNow) {
    return new LoKrConfig(
        r,
        alpha,
        rankDropout,
        rankDropoutScale,
        moduleDropout,
        useEffectiveConv2d,
        decomposeBoth,
        decomposeFactor,
        start,
        rankPatternNow,
        alphaPatternNow,
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

  /** A builder of a {@link LoKrConfig}; lists add up when a method is called again. */
  public static final class Builder extends LayeredConfigBuilder<Builder> {
    private int r = 8;
    private double alpha = 8;
    private double rankDropout;
    private boolean rankDropoutScale;
    private double moduleDropout;
    private boolean useEffectiveConv2d;
    private boolean decomposeBoth;
    private int decomposeFactor = -1;
    private LoKrStart start = LoKrStart.DEFAULT;
    private final SequencedMap<String, Integer> rankPattern = new LinkedHashMap<>();
    private final SequencedMap<String, Double> alphaPattern = new LinkedHashMap<>();

    private Builder() {}

    /** Sets the rank of a factor that is decomposed. */
    public Builder r(int value) {
      r = value;
      return this;
    }

    /** Sets the numerator of the scale: what the adapter adds is multiplied by alpha / r. */
    public Builder alpha(double value) {
      alpha = value;
      return this;
    }

    /** Sets the probability with which an output of the adapter is dropped in training. */
    public Builder rankDropout(double value) {
      rankDropout = value;
      return this;
    }

    /** Sets whether the outputs that stay grow by the share of those that are dropped. */
    public Builder rankDropoutScale(boolean value) {
      rankDropoutScale = value;
      return this;
    }

    /** Sets the probability with which a whole adapter is left out of a training step. */
    public Builder moduleDropout(double value) {
      moduleDropout = value;
      return this;
    }

    /**
     * Sets whether kernels of convolutions are decomposed along their channels; peft's {@code
     * use_effective_conv2d}. Of kernels of size 1 it changes nothing.
     */
    public Builder useEffectiveConv2d(boolean value) {
      useEffectiveConv2d = value;
      return this;
    }

    /**
     * Sets whether the left factor is decomposed, too, where the rank is less than half of its
     * larger size.
     */
    public Builder decomposeBoth(boolean value) {
      decomposeBoth = value;
      return this;
    }

    /**
     * Sets the size of the left factor if it divides the layer's, else the largest it may have; -1
     * for no limit.
     */
    public Builder decomposeFactor(int value) {
      decomposeFactor = value;
      return this;
    }

    /** Sets what the adapter starts from. */
    public Builder start(LoKrStart value) {
      start = value;
      return this;
    }

    /** Sets another value for layers whose path ends in {@code key}. */
    public Builder rankPattern(String key, int value) {
      rankPattern.put(key, value);
      return this;
    }

    /** Sets another value for layers whose path ends in {@code key}. */
    public Builder alphaPattern(String key, double value) {
      alphaPattern.put(key, value);
      return this;
    }

    @Override
    public LoKrConfig build() {
      return new LoKrConfig(
          r,
          alpha,
          rankDropout,
          rankDropoutScale,
          moduleDropout,
          useEffectiveConv2d,
          decomposeBoth,
          decomposeFactor,
          start,
          rankPattern,
          alphaPattern,
          common());
    }
  }
}
