package dev.peft4j.tuner.c3a;

import dev.peft4j.tuner.BiasedConfigBuilder;
import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.PatternMap;
import dev.peft4j.tuner.SettingChecks;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * Settings of {@link C3aTuner}: peft's {@code C3AConfig}.
 *
 * @param blockSize the size of a block; divides inputs and outputs
 * @param start what the adapter starts from
 * @param blockSizePattern sizes of the blocks of some of the layers; the first that fits a layer
 *     counts
 * @param common targets, task and base model
 */
public record C3aConfig(
    int blockSize,
    C3aStart start,
    SequencedMap<String, Integer> blockSizePattern,
    CommonSettings common)
    implements CommonConfig<C3aConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public C3aConfig {
    SettingChecks.atLeast("block size", blockSize, 1);
    blockSizePattern.forEach(
        (key, rank) -> SettingChecks.rank("block size pattern '" + key + "'", rank));
    blockSizePattern = PatternMap.of(blockSizePattern);
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return C3aTuner.PEFT_TYPE;
  }

  @Override
  public C3aConfig withCommon(CommonSettings other) {
    return new C3aConfig(blockSize, start, blockSizePattern, other);
  }

  C3aConfig withPatterns(SequencedMap<String, Integer> blockSizePatternNow) {
    return new C3aConfig(blockSize, start, blockSizePatternNow, common);
  }

  /** A builder of a {@link C3aConfig}; lists add up when a method is called again. */
  public static final class Builder extends BiasedConfigBuilder<Builder> {
    private int blockSize = 256;
    private C3aStart start = C3aStart.XAVIER_UNIFORM;
    private final SequencedMap<String, Integer> blockSizePattern = new LinkedHashMap<>();

    private Builder() {}

    /** Sets the size of a block; divides inputs and outputs. */
    public Builder blockSize(int value) {
      blockSize = value;
      return this;
    }

    /** Sets what the adapter starts from. */
    public Builder start(C3aStart value) {
      start = value;
      return this;
    }

    /** Sets another value for layers whose path ends in {@code key}. */
    public Builder blockSizePattern(String key, int value) {
      blockSizePattern.put(key, value);
      return this;
    }

    @Override
    public C3aConfig build() {
      return new C3aConfig(blockSize, start, blockSizePattern, common());
    }
  }
}
