package dev.peft4j.tuner.adaptionprompt;

import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.ConfigBuilder;
import dev.peft4j.tuner.SettingChecks;

/**
 * Settings of {@link AdaptionPromptTuner}: peft's {@code AdaptionPromptConfig}.
 *
 * @param length number of tokens of the prompt
 * @param lastLayers number of layers, from the last one, that have one
 * @param module what peft calls the attention in a layer; empty for the model's
 * @param common task and base model
 */
public record AdaptionPromptConfig(int length, int lastLayers, String module, CommonSettings common)
    implements CommonConfig<AdaptionPromptConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public AdaptionPromptConfig {
    SettingChecks.atLeast("length", length, 1);
    SettingChecks.atLeast("lastLayers", lastLayers, 1);
  }

  /** Starts with 10 tokens in the last layer: peft has no defaults. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return AdaptionPromptTuner.PEFT_TYPE;
  }

  AdaptionPromptConfig withModule(String value) {
    return new AdaptionPromptConfig(length, lastLayers, value, common);
  }

  @Override
  public AdaptionPromptConfig withCommon(CommonSettings other) {
    return new AdaptionPromptConfig(length, lastLayers, module, other);
  }

  /** A builder of an {@link AdaptionPromptConfig}. */
  public static final class Builder extends ConfigBuilder<Builder> {
    private int length = 10;
    private int lastLayers = 1;
    private String module = "";

    private Builder() {}

    @Override
    public boolean hasTargets() {
      return false;
    }

    /** Sets the number of tokens of the prompt. */
    public Builder length(int value) {
      length = value;
      return this;
    }

    /** Sets the number of layers, from the last one, that have one. */
    public Builder lastLayers(int value) {
      lastLayers = value;
      return this;
    }

    /** Sets what peft calls the attention in a layer; empty for the model's. */
    public Builder module(String value) {
      module = value;
      return this;
    }

    @Override
    public AdaptionPromptConfig build() {
      return new AdaptionPromptConfig(length, lastLayers, module, common());
    }
  }
}
