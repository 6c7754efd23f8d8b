package dev.peft4j.tuner.lntuning;

import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.ConfigBuilder;

/**
 * Settings of {@link LnTuningTuner}: peft's {@code LNTuningConfig}.
 *
 * @param common targets, task and base model
 */
public record LnTuningConfig(CommonSettings common) implements CommonConfig<LnTuningConfig> {

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return LnTuningTuner.PEFT_TYPE;
  }

  @Override
  public LnTuningConfig withCommon(CommonSettings other) {
    return new LnTuningConfig(other);
  }

  /** A builder of a {@link LnTuningConfig}; lists add up when a method is called again. */
  public static final class Builder extends ConfigBuilder<Builder> {

    private Builder() {}

    @Override
    public LnTuningConfig build() {
      return new LnTuningConfig(common());
    }
  }
}
