package dev.peft4j.tuner.road;

import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.ConfigBuilder;
import dev.peft4j.tuner.SettingChecks;

/**
 * Settings of {@link RoadTuner}: peft's {@code RoadConfig}.
 *
 * @param variant what the rotations share
 * @param groupSize the size of the groups of outputs in which pairs are formed: an output is
 *     rotated with the one half a group further
 * @param initWeights whether the rotations start as the identity; else they are random
 * @param common targets, task and base model
 */
public record RoadConfig(
    RoadVariant variant, int groupSize, boolean initWeights, CommonSettings common)
    implements CommonConfig<RoadConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public RoadConfig {
    SettingChecks.atLeast("group size", groupSize, 2);
    if (groupSize % 2 != 0) {
      throw new IllegalArgumentException("group size is " + groupSize + ", must be even");
    }
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return RoadTuner.PEFT_TYPE;
  }

  @Override
  public RoadConfig withCommon(CommonSettings other) {
    return new RoadConfig(variant, groupSize, initWeights, other);
  }

  /** A builder of a {@link RoadConfig}; lists add up when a method is called again. */
  public static final class Builder extends ConfigBuilder<Builder> {
    private RoadVariant variant = RoadVariant.ROAD_1;
    private int groupSize = 64;
    private boolean initWeights = true;

    private Builder() {}

    /** Sets what the rotations share. */
    public Builder variant(RoadVariant value) {
      variant = value;
      return this;
    }

    /**
     * Sets the size of the groups of outputs in which pairs are formed: an output is rotated with
     * the one half a group further. Divides the outputs; even.
     */
    public Builder groupSize(int value) {
      groupSize = value;
      return this;
    }

    /** Sets whether the rotations start as the identity; else they are random. */
    public Builder initWeights(boolean value) {
      initWeights = value;
      return this;
    }

    @Override
    public RoadConfig build() {
      return new RoadConfig(variant, groupSize, initWeights, common());
    }
  }
}
