package dev.peft4j.tuner.vblora;

import dev.peft4j.tuner.BiasedConfigBuilder;
import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.SettingChecks;

/**
 * Settings of {@link VbLoraTuner}: peft's {@code VBLoRAConfig}.
 *
 * @param r the rank
 * @param vectors the number of vectors in the bank
 * @param vectorLength the length of a vector; divides inputs and outputs of every layer
 * @param topk how many vectors of the bank make a part of a matrix
 * @param saveOnlyTopkWeights whether the file holds only the chosen vectors and their weights: it
 *     is small, and training cannot go on from it
 * @param dropout the probability with which an element of the layer's input is dropped in training,
 *     in front of the adapter
 * @param vectorBankBound the bank starts uniform in ± this
 * @param logitsStd the standard deviation of the logits that choose vectors, at the start
 * @param common targets, task and base model
 */
public record VbLoraConfig(
    int r,
    int vectors,
    int vectorLength,
    int topk,
    boolean saveOnlyTopkWeights,
    double dropout,
    double vectorBankBound,
    double logitsStd,
    CommonSettings common)
    implements CommonConfig<VbLoraConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public VbLoraConfig {
    SettingChecks.rank("r", r);
    SettingChecks.atLeast("vectors", vectors, 1);
    SettingChecks.atLeast("vector length", vectorLength, 1);
    SettingChecks.atLeast("topk", topk, 1);
    SettingChecks.probability("dropout", dropout, common.targets().fromFile());
    SettingChecks.between("vector bank bound", vectorBankBound, 0, Double.MAX_VALUE);
    SettingChecks.between("logits std", logitsStd, 0, Double.MAX_VALUE);
    if (topk > vectors) {
      throw new IllegalArgumentException(
          "topk is " + topk + ", but the bank has " + vectors + " vectors");
    }
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return VbLoraTuner.PEFT_TYPE;
  }

  @Override
  public VbLoraConfig withCommon(CommonSettings other) {
    return new VbLoraConfig(
        r,
        vectors,
        vectorLength,
        topk,
        saveOnlyTopkWeights,
        dropout,
        vectorBankBound,
        logitsStd,
        other);
  }

  /** A builder of a {@link VbLoraConfig}; lists add up when a method is called again. */
  public static final class Builder extends BiasedConfigBuilder<Builder> {
    private int r = 4;
    private int vectors = 256;
    private int vectorLength = 256;
    private int topk = 2;
    private boolean saveOnlyTopkWeights;
    private double dropout;
    private double vectorBankBound = 0.02;
    private double logitsStd = 0.1;

    private Builder() {}

    /** Sets the rank. */
    public Builder r(int value) {
      r = value;
      return this;
    }

    /** Sets the number of vectors in the bank. */
    public Builder vectors(int value) {
      vectors = value;
      return this;
    }

    /** Sets the length of a vector; divides inputs and outputs of every layer. */
    public Builder vectorLength(int value) {
      vectorLength = value;
      return this;
    }

    /** Sets how many vectors of the bank make a part of a matrix. */
    public Builder topk(int value) {
      topk = value;
      return this;
    }

    /**
     * Sets whether the file holds only the chosen vectors and their weights: it is small, and
     * training cannot go on from it.
     */
    public Builder saveOnlyTopkWeights(boolean value) {
      saveOnlyTopkWeights = value;
      return this;
    }

    /**
     * Sets the probability with which an element of the layer's input is dropped in training, in
     * front of the adapter.
     */
    public Builder dropout(double value) {
      dropout = value;
      return this;
    }

    /** Sets the bank starts uniform in ± this. */
    public Builder vectorBankBound(double value) {
      vectorBankBound = value;
      return this;
    }

    /** Sets the standard deviation of the logits that choose vectors, at the start. */
    public Builder logitsStd(double value) {
      logitsStd = value;
      return this;
    }

    @Override
    public VbLoraConfig build() {
      return new VbLoraConfig(
          r,
          vectors,
          vectorLength,
          topk,
          saveOnlyTopkWeights,
          dropout,
          vectorBankBound,
          logitsStd,
          common());
    }
  }
}
