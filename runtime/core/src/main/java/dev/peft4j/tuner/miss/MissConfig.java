package dev.peft4j.tuner.miss;

import dev.peft4j.tuner.BiasedConfigBuilder;
import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.SettingChecks;

/**
 * Settings of {@link MissTuner}: peft's {@code MissConfig}.
 *
 * @param r the size of the shards that the input is cut into
 * @param dropout the probability with which an element of the layer's input is dropped in training,
 *     in front of the adapter
 * @param miniR the number of columns of the matrix with {@link MissStart#MINI}; divides the outputs
 * @param start what the adapter is and starts from
 * @param common targets, task and base model
 */
public record MissConfig(int r, double dropout, int miniR, MissStart start, CommonSettings common)
    implements CommonConfig<MissConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public MissConfig {
    SettingChecks.rank("r", r);
    SettingChecks.probability("dropout", dropout, common.targets().fromFile());
    SettingChecks.atLeast("mini r", miniR, 1);
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return MissTuner.PEFT_TYPE;
  }

  @Override
  public MissConfig withCommon(CommonSettings other) {
    return new MissConfig(r, dropout, miniR, start, other);
  }

  /** A builder of a {@link MissConfig}; lists add up when a method is called again. */
  public static final class Builder extends BiasedConfigBuilder<Builder> {
    private int r = 64;
    private double dropout;
    private int miniR = 1;
    private MissStart start = MissStart.DEFAULT;

    private Builder() {}

    /** Sets the size of the shards that the input is cut into. */
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

    /**
     * Sets the number of columns of the matrix with {@link MissStart#MINI}; divides the outputs.
     */
    public Builder miniR(int value) {
      miniR = value;
      return this;
    }

    /** Sets what the adapter is and starts from. */
    public Builder start(MissStart value) {
      start = value;
      return this;
    }

    @Override
    public MissConfig build() {
      return new MissConfig(r, dropout, miniR, start, common());
    }
  }
}
