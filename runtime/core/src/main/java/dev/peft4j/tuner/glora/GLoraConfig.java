package dev.peft4j.tuner.glora;

import dev.peft4j.annotation.Bias;
import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.ConfigBuilder;
import dev.peft4j.tuner.SettingChecks;

/**
 * Settings of {@link GLoraTuner}: peft's {@code GloraConfig}.
 *
 * @param r the rank
 * @param ab what A and B are, the scale and the shift of the weight
 * @param c what C is, by which the weight goes into the bias; not constant
 * @param de what D and E are, the scale and the shift of the bias; not of low rank
 * @param initWeights whether the adapter starts as zero; else its weights are random
 * @param common targets, task and base model
 */
public record GLoraConfig(
    int r, GLoraPath ab, GLoraPath c, GLoraPath de, boolean initWeights, CommonSettings common)
    implements CommonConfig<GLoraConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public GLoraConfig {
    SettingChecks.rank("r", r);
    if (c == GLoraPath.CONSTANT || de == GLoraPath.LORA) {
      throw new IllegalArgumentException(
          c == GLoraPath.CONSTANT
              ? "c is CONSTANT, must be LORA, VECTOR or NONE"
              : "de is LORA, must be VECTOR, CONSTANT or NONE");
    }
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return GLoraTuner.PEFT_TYPE;
  }

  @Override
  public GLoraConfig withCommon(CommonSettings other) {
    return new GLoraConfig(r, ab, c, de, initWeights, other);
  }

  /** A builder of a {@link GLoraConfig}; lists add up when a method is called again. */
  public static final class Builder extends ConfigBuilder<Builder> {
    private int r = 8;
    private GLoraPath ab = GLoraPath.LORA;
    private GLoraPath c = GLoraPath.LORA;
    private GLoraPath de = GLoraPath.CONSTANT;
    private boolean initWeights = true;

    private Builder() {}

    /** Sets the rank. */
    public Builder r(int value) {
      r = value;
      return this;
    }

    /** Sets what A and B are, the scale and the shift of the weight. */
    public Builder ab(GLoraPath value) {
      ab = value;
      return this;
    }

    /** Sets what C is, by which the weight goes into the bias; not constant. */
    public Builder c(GLoraPath value) {
      c = value;
      return this;
    }

    /** Sets what D and E are, the scale and the shift of the bias; not of low rank. */
    public Builder de(GLoraPath value) {
      de = value;
      return this;
    }

    /** Sets whether the adapter starts as zero; else its weights are random. */
    public Builder initWeights(boolean value) {
      initWeights = value;
      return this;
    }

    /** Sets which biases of the base model are trained. */
    public Builder bias(Bias value) {
      return biases(value);
    }

    @Override
    public GLoraConfig build() {
      return new GLoraConfig(r, ab, c, de, initWeights, common());
    }
  }
}
