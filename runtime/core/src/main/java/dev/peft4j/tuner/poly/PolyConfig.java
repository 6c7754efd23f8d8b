package dev.peft4j.tuner.poly;

import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.ConfigBuilder;
import dev.peft4j.tuner.SettingChecks;

/**
 * Settings of {@link PolyTuner}: peft's {@code PolyConfig}.
 *
 * @param r the rank
 * @param tasks the number of tasks; each call says which task its rows belong to
 * @param skills the number of adapters that a layer has and tasks mix
 * @param splits the number of parts of inputs and outputs that are mixed apart; divides both
 * @param initWeights whether the adapter starts as zero; else its weights are random
 * @param common targets, task and base model
 */
public record PolyConfig(
    int r, int tasks, int skills, int splits, boolean initWeights, CommonSettings common)
    implements CommonConfig<PolyConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public PolyConfig {
    SettingChecks.rank("r", r);
    SettingChecks.atLeast("tasks", tasks, 1);
    SettingChecks.atLeast("skills", skills, 1);
    SettingChecks.atLeast("splits", splits, 1);
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return PolyTuner.PEFT_TYPE;
  }

  @Override
  public PolyConfig withCommon(CommonSettings other) {
    return new PolyConfig(r, tasks, skills, splits, initWeights, other);
  }

  /** A builder of a {@link PolyConfig}; lists add up when a method is called again. */
  public static final class Builder extends ConfigBuilder<Builder> {
    private int r = 8;
    private int tasks = 1;
    private int skills = 4;
    private int splits = 1;
    private boolean initWeights = true;

    private Builder() {}

    /** Sets the rank. */
    public Builder r(int value) {
      r = value;
      return this;
    }

    /** Sets the number of tasks; each call says which task its rows belong to. */
    public Builder tasks(int value) {
      tasks = value;
      return this;
    }

    /** Sets the number of adapters that a layer has and tasks mix. */
    public Builder skills(int value) {
      skills = value;
      return this;
    }

    /** Sets the number of parts of inputs and outputs that are mixed apart; divides both. */
    public Builder splits(int value) {
      splits = value;
      return this;
    }

    /** Sets whether the adapter starts as zero; else its weights are random. */
    public Builder initWeights(boolean value) {
      initWeights = value;
      return this;
    }

    @Override
    public PolyConfig build() {
      return new PolyConfig(r, tasks, skills, splits, initWeights, common());
    }
  }
}
