package dev.peft4j.tuner.ptuning;

import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.SettingChecks;
import dev.peft4j.tuner.prompt.PromptBuilder;
import dev.peft4j.tuner.prompt.PromptConfig;
import dev.peft4j.tuner.prompt.VirtualTokens;

/**
 * Settings of {@link PTuningTuner}: peft's {@code PromptEncoderConfig}.
 *
 * @param virtual how many virtual tokens there are, and their sizes
 * @param encoder the network that computes the virtual tokens
 * @param encoderHiddenSize its width; 0 for that of a token
 * @param encoderLayers the number of layers of an LSTM
 * @param encoderDropout the probability with which an LSTM drops what goes from layer to layer in
 *     training
 * @param common modules to save, task and base model
 */
public record PTuningConfig(
    VirtualTokens virtual,
    PromptEncoderType encoder,
    int encoderHiddenSize,
    int encoderLayers,
    double encoderDropout,
    CommonSettings common)
    implements PromptConfig<PTuningConfig> {
  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public PTuningConfig {
    SettingChecks.atLeast("encoderHiddenSize", encoderHiddenSize, 0);
    SettingChecks.atLeast("encoderLayers", encoderLayers, 1);
    SettingChecks.probability("encoderDropout", encoderDropout, true);
  }

  /** Starts with peft's defaults. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return PTuningTuner.PEFT_TYPE;
  }

  @Override
  public PTuningConfig withVirtual(VirtualTokens other) {
    return new PTuningConfig(
        other, encoder, encoderHiddenSize, encoderLayers, encoderDropout, common);
  }

  /** Returns the same settings with another width of the network. */
  PTuningConfig withEncoderHiddenSize(int value) {
    return new PTuningConfig(virtual, encoder, value, encoderLayers, encoderDropout, common);
  }

  @Override
  public PTuningConfig withCommon(CommonSettings other) {
    return new PTuningConfig(
        virtual, encoder, encoderHiddenSize, encoderLayers, encoderDropout, other);
  }

  /** A builder of a {@link PTuningConfig}. */
  public static final class Builder extends PromptBuilder<Builder> {
    private PromptEncoderType encoder = PromptEncoderType.MLP;
    private int encoderHiddenSize = 0;
    private int encoderLayers = 2;
    private double encoderDropout = 0;

    private Builder() {}

    /** Sets the network that computes the virtual tokens. */
    public Builder encoder(PromptEncoderType value) {
      encoder = value;
      return this;
    }

    /** Sets its width; 0 for that of a token. */
    public Builder encoderHiddenSize(int value) {
      encoderHiddenSize = value;
      return this;
    }

    /** Sets the number of layers of an LSTM. */
    public Builder encoderLayers(int value) {
      encoderLayers = value;
      return this;
    }

    /** Sets the probability with which an LSTM drops what goes from layer to layer in training. */
    public Builder encoderDropout(double value) {
      encoderDropout = value;
      return this;
    }

    @Override
    public PTuningConfig build() {
      return new PTuningConfig(
          virtual(), encoder, encoderHiddenSize, encoderLayers, encoderDropout, common());
    }
  }
}
