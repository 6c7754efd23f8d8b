package dev.peft4j.tuner.shira;

import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.ConfigBuilder;
import dev.peft4j.tuner.SettingChecks;

/**
 * Settings of {@link ShiraTuner}: peft's {@code ShiraConfig}.
 *
 * @param r as many numbers are trained as LoRA of this rank has
 * @param seed the seed of the places, which are drawn as torch draws them; -1 for its default seed
 * @param initWeights whether the adapter starts as zero; else its weights are random
 * @param common targets, task and base model
 */
public record ShiraConfig(int r, int seed, boolean initWeights, CommonSettings common)
    implements CommonConfig<ShiraConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public ShiraConfig {
    SettingChecks.rank("r", r);
    SettingChecks.atLeast("seed", seed, -1);
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return ShiraTuner.PEFT_TYPE;
  }

  @Override
  public ShiraConfig withCommon(CommonSettings other) {
    return new ShiraConfig(r, seed, initWeights, other);
  }

  /** A builder of a {@link ShiraConfig}; lists add up when a method is called again. */
  public static final class Builder extends ConfigBuilder<Builder> {
    private int r = 32;
    private int seed = -1;
    private boolean initWeights = true;

    private Builder() {}

    /** Sets as many numbers are trained as LoRA of this rank has. */
    public Builder r(int value) {
      r = value;
      return this;
    }

    /**
     * Sets the seed of the places, which are drawn as torch draws them; -1 for its default seed.
     * Peft's {@code random_seed}.
     */
    public Builder seed(int value) {
      seed = value;
      return this;
    }

    /** Sets whether the adapter starts as zero; else its weights are random. */
    public Builder initWeights(boolean value) {
      initWeights = value;
      return this;
    }

    @Override
    public ShiraConfig build() {
      return new ShiraConfig(r, seed, initWeights, common());
    }
  }
}
