package dev.peft4j.tuner.hira;

import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.LayeredConfigBuilder;
import dev.peft4j.tuner.PatternMap;
import dev.peft4j.tuner.SettingChecks;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * Settings of {@link HiraTuner}: peft's {@code HiraConfig}.
 *
 * @param r the rank
 * @param dropout the probability with which an element of the layer's input is dropped in training,
 *     in front of the adapter
 * @param start what the adapter starts from
 * @param rankPattern peft's {@code rank_pattern}: files keep it and, as in peft, it changes nothing
 * @param common targets, task and base model
 */
public record HiraConfig(
    int r,
    double dropout,
    HiraStart start,
    SequencedMap<String, Integer> rankPattern,
    CommonSettings common)
    implements CommonConfig<HiraConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public HiraConfig {
    SettingChecks.rank("r", r);
    SettingChecks.probability("dropout", dropout, common.targets().fromFile());
    rankPattern.forEach((key, rank) -> SettingChecks.rank("rank pattern '" + key + "'", rank));
    rankPattern = PatternMap.of(rankPattern);
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return HiraTuner.PEFT_TYPE;
  }

  @Override
  public HiraConfig withCommon(CommonSettings other) {
    return new HiraConfig(r, dropout, start, rankPattern, other);
  }

  HiraConfig withPatterns(SequencedMap<String, Integer> rankPatternNow) {
    return new HiraConfig(r, dropout, start, rankPatternNow, common);
  }

  /** A builder of a {@link HiraConfig}; lists add up when a method is called again. */
  public static final class Builder extends LayeredConfigBuilder<Builder> {
    private int r = 32;
    private double dropout;
    private HiraStart start = HiraStart.DEFAULT;
    private final SequencedMap<String, Integer> rankPattern = new LinkedHashMap<>();

    private Builder() {}

    /** Sets the rank. */
    public Builder r(int value) {
      r = value;
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

    /** Sets what the adapter starts from. */
    public Builder start(HiraStart value) {
      start = value;
      return this;
    }

    /** Adds an entry of peft's {@code rank_pattern}, which, as in peft, changes nothing. */
    public Builder rankPattern(String key, int value) {
      rankPattern.put(key, value);
      return this;
    }

    @Override
    public HiraConfig build() {
      return new HiraConfig(r, dropout, start, rankPattern, common());
    }
  }
}
