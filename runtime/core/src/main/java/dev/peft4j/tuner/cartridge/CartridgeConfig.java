package dev.peft4j.tuner.cartridge;

import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.SettingChecks;
import dev.peft4j.tuner.prompt.PromptBuilder;
import dev.peft4j.tuner.prompt.PromptConfig;
import dev.peft4j.tuner.prompt.VirtualTokens;

/**
 * Settings of {@link CartridgeTuner}: peft's {@code CartridgeConfig}.
 *
 * @param virtual how many virtual tokens there are, and their sizes
 * @param frozenTokens the number of virtual tokens at the beginning that are not trained
 * @param common modules to save, task and base model
 */
public record CartridgeConfig(VirtualTokens virtual, int frozenTokens, CommonSettings common)
    implements PromptConfig<CartridgeConfig> {
  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public CartridgeConfig {
    SettingChecks.atLeast("frozenTokens", frozenTokens, 0);
    if (frozenTokens > virtual.tokens()) {
      throw new IllegalArgumentException(
          "frozenTokens is "
              + frozenTokens
              + ", must be at most the number of virtual tokens, "
              + virtual.tokens());
    }
  }

  /** Starts with peft's defaults. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return CartridgeTuner.PEFT_TYPE;
  }

  @Override
  public CartridgeConfig withVirtual(VirtualTokens other) {
    return new CartridgeConfig(other, frozenTokens, common);
  }

  @Override
  public CartridgeConfig withCommon(CommonSettings other) {
    return new CartridgeConfig(virtual, frozenTokens, other);
  }

  /** A builder of a {@link CartridgeConfig}. */
  public static final class Builder extends PromptBuilder<Builder> {
    private int frozenTokens = 1;

    private Builder() {}

    /** Sets the number of virtual tokens at the beginning that are not trained. */
    public Builder frozenTokens(int value) {
      frozenTokens = value;
      return this;
    }

    @Override
    public CartridgeConfig build() {
      return new CartridgeConfig(virtual(), frozenTokens, common());
    }
  }
}
