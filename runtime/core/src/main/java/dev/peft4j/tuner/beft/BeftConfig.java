package dev.peft4j.tuner.beft;

import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.ConfigBuilder;

/**
 * Settings of {@link BeftTuner}: peft's {@code BeftConfig}.
 *
 * @param initWeights whether the bias starts as zero; else it is random
 * @param common targets, task and base model
 */
public record BeftConfig(boolean initWeights, CommonSettings common)
    implements CommonConfig<BeftConfig> {

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return BeftTuner.PEFT_TYPE;
  }

  @Override
  public BeftConfig withCommon(CommonSettings other) {
    return new BeftConfig(initWeights, other);
  }

  /** A builder of a {@link BeftConfig}; lists add up when a method is called again. */
  public static final class Builder extends ConfigBuilder<Builder> {
    private boolean initWeights = true;

    private Builder() {}

    /** Sets whether the bias starts as zero; else it is random. */
    public Builder initWeights(boolean value) {
      initWeights = value;
      return this;
    }

    @Override
    public BeftConfig build() {
      return new BeftConfig(initWeights, common());
    }
  }
}
