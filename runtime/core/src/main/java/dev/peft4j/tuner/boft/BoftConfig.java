package dev.peft4j.tuner.boft;

import dev.peft4j.tuner.BiasedConfigBuilder;
import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.SettingChecks;

/**
 * Settings of {@link BoftTuner}: peft's {@code BOFTConfig}.
 *
 * @param blockSize the size of a block; 0 if their number is given
 * @param blocks the number of blocks; 0 if their size is given
 * @param factors the number of butterfly factors: each mixes blocks that are twice as far apart
 * @param dropout the probability with which a block is left unrotated in training
 * @param initWeights whether the adapter starts as the identity; else its weights are random
 * @param common targets, task and base model
 */
public record BoftConfig(
    int blockSize,
    int blocks,
    int factors,
    double dropout,
    boolean initWeights,
    CommonSettings common)
    implements CommonConfig<BoftConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public BoftConfig {
    SettingChecks.atLeast("block size", blockSize, 0);
    SettingChecks.atLeast("blocks", blocks, 0);
    SettingChecks.atLeast("factors", factors, 1);
    SettingChecks.probability("dropout", dropout, common.targets().fromFile());
    if ((blocks > 0) == (blockSize > 0)) {
      throw new IllegalArgumentException(
          "blocks is "
              + blocks
              + " and block size "
              + blockSize
              + ": one of them must be 0, it follows from the other");
    }
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return BoftTuner.PEFT_TYPE;
  }

  @Override
  public BoftConfig withCommon(CommonSettings other) {
    return new BoftConfig(blockSize, blocks, factors, dropout, initWeights, other);
  }

  /** A builder of a {@link BoftConfig}; lists add up when a method is called again. */
  public static final class Builder extends BiasedConfigBuilder<Builder> {
    private int blockSize = 4;
    private int blocks;
    private int factors = 1;
    private double dropout;
    private boolean initWeights = true;

    private Builder() {}

    /** Sets the size of a block; 0 if their number is given. */
    public Builder blockSize(int value) {
      blockSize = value;
      return this;
    }

    /** Sets the number of blocks; 0 if their size is given. */
    public Builder blocks(int value) {
      blocks = value;
      return this;
    }

    /** Sets the number of butterfly factors: each mixes blocks that are twice as far apart. */
    public Builder factors(int value) {
      factors = value;
      return this;
    }

    /** Sets the probability with which a block is left unrotated in training. */
    public Builder dropout(double value) {
      dropout = value;
      return this;
    }

    /** Sets whether the adapter starts as the identity; else its weights are random. */
    public Builder initWeights(boolean value) {
      initWeights = value;
      return this;
    }

    @Override
    public BoftConfig build() {
      return new BoftConfig(blockSize, blocks, factors, dropout, initWeights, common());
    }
  }
}
