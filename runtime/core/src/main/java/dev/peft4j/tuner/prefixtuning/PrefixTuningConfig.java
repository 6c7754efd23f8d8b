package dev.peft4j.tuner.prefixtuning;

import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.SettingChecks;
import dev.peft4j.tuner.prompt.PromptBuilder;
import dev.peft4j.tuner.prompt.PromptConfig;
import dev.peft4j.tuner.prompt.VirtualTokens;

/**
 * Settings of {@link PrefixTuningTuner}: peft's {@code PrefixTuningConfig}.
 *
 * @param virtual how many virtual tokens there are, and their sizes
 * @param projection whether keys and values are computed from smaller embeddings in training
 * @param encoderHiddenSize the width between the two layers that compute them; 0 for that of a
 *     token
 * @param zeroStart whether keys and values start as zeros; else as random numbers
 * @param common modules to save, task and base model
 */
public record PrefixTuningConfig(
    VirtualTokens virtual,
    boolean projection,
    int encoderHiddenSize,
    boolean zeroStart,
    CommonSettings common)
    implements PromptConfig<PrefixTuningConfig> {
  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public PrefixTuningConfig {
    SettingChecks.atLeast("encoderHiddenSize", encoderHiddenSize, 0);
  }

  /** Starts with peft's defaults. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return PrefixTuningTuner.PEFT_TYPE;
  }

  @Override
  public PrefixTuningConfig withVirtual(VirtualTokens other) {
    return new PrefixTuningConfig(other, projection, encoderHiddenSize, zeroStart, common);
  }

  /** Returns the same settings with another width of the projection. */
  PrefixTuningConfig withEncoderHiddenSize(int value) {
    return new PrefixTuningConfig(virtual, projection, value, zeroStart, common);
  }

  @Override
  public PrefixTuningConfig withCommon(CommonSettings other) {
    return new PrefixTuningConfig(virtual, projection, encoderHiddenSize, zeroStart, other);
  }

  /** A builder of a {@link PrefixTuningConfig}. */
  public static final class Builder extends PromptBuilder<Builder> {
    private boolean projection = false;
    private int encoderHiddenSize = 0;
    private boolean zeroStart = false;

    private Builder() {}

    /** Sets whether keys and values are computed from smaller embeddings in training. */
    public Builder projection(boolean value) {
      projection = value;
      return this;
    }

    /** Sets the width between the two layers that compute them; 0 for that of a token. */
    public Builder encoderHiddenSize(int value) {
      encoderHiddenSize = value;
      return this;
    }

    /** Sets whether keys and values start as zeros; else as random numbers. */
    public Builder zeroStart(boolean value) {
      zeroStart = value;
      return this;
    }

    @Override
    public PrefixTuningConfig build() {
      return new PrefixTuningConfig(virtual(), projection, encoderHiddenSize, zeroStart, common());
    }
  }
}
