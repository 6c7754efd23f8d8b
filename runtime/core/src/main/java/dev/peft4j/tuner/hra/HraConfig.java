package dev.peft4j.tuner.hra;

import dev.peft4j.tuner.BiasedConfigBuilder;
import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.SettingChecks;

/**
 * Settings of {@link HraTuner}: peft's {@code HRAConfig}.
 *
 * @param r the number of reflections
 * @param applyGs whether the directions are made orthogonal first, by Gram and Schmidt; peft's
 *     {@code apply_GS}
 * @param initWeights whether the reflections start in equal pairs, which are the identity; else all
 *     are random
 * @param common targets, task and base model
 */
public record HraConfig(int r, boolean applyGs, boolean initWeights, CommonSettings common)
    implements CommonConfig<HraConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public HraConfig {
    SettingChecks.rank("r", r);
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return HraTuner.PEFT_TYPE;
  }

  @Override
  public HraConfig withCommon(CommonSettings other) {
    return new HraConfig(r, applyGs, initWeights, other);
  }

  /** A builder of a {@link HraConfig}; lists add up when a method is called again. */
  public static final class Builder extends BiasedConfigBuilder<Builder> {
    private int r = 8;
    private boolean applyGs;
    private boolean initWeights = true;

    private Builder() {}

    /** Sets the number of reflections. An even number starts as the identity. */
    public Builder r(int value) {
      r = value;
      return this;
    }

    /**
     * Sets whether the directions are made orthogonal first, by Gram and Schmidt; peft's {@code
     * apply_GS}.
     */
    public Builder applyGs(boolean value) {
      applyGs = value;
      return this;
    }

    /**
     * Sets whether the reflections start in equal pairs, which are the identity; else all are
     * random.
     */
    public Builder initWeights(boolean value) {
      initWeights = value;
      return this;
    }

    @Override
    public HraConfig build() {
      return new HraConfig(r, applyGs, initWeights, common());
    }
  }
}
