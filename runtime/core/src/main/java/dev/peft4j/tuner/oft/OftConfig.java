package dev.peft4j.tuner.oft;

import dev.peft4j.tuner.BiasedConfigBuilder;
import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.SettingChecks;

/**
 * Settings of {@link OftTuner}: peft's {@code OFTConfig}.
 *
 * @param r the number of blocks of a layer; 0 if their size is given
 * @param blockSize the size of a block; 0 if their number is given
 * @param moduleDropout peft's {@code module_dropout}, which it writes and never uses
 * @param coft whether the rotations are kept small: those above the bound are scaled down before
 *     each training pass (constrained OFT)
 * @param eps the bound of {@link #coft}, over the root of the number of blocks
 * @param blockShare whether all blocks of a layer have the same rotation
 * @param useCayleyNeumann whether the rotations are approximated by the first terms of a series,
 *     which needs no inverse
 * @param neumannTerms the number of terms of that series; peft's {@code num_cayley_neumann_terms}
 * @param initWeights whether the rotations start as the identity; else they are random
 * @param common targets, task and base model
 */
public record OftConfig(
    int r,
    int blockSize,
    double moduleDropout,
    boolean coft,
    double eps,
    boolean blockShare,
    boolean useCayleyNeumann,
    int neumannTerms,
    boolean initWeights,
    CommonSettings common)
    implements CommonConfig<OftConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public OftConfig {
    SettingChecks.atLeast("r", r, 0);
    SettingChecks.atLeast("block size", blockSize, 0);
    SettingChecks.probability("module dropout", moduleDropout, common.targets().fromFile());
    SettingChecks.above("eps", eps, 0, common.targets().fromFile());
    SettingChecks.atLeast("neumann terms", neumannTerms, 1);
    if ((r > 0) == (blockSize > 0)) {
      throw new IllegalArgumentException(
          "r is "
              + r
              + " and block size "
              + blockSize
              + ": one of them must be 0, it follows from the other");
    }
  }

  /** Starts with peft's defaults; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return OftTuner.PEFT_TYPE;
  }

  @Override
  public OftConfig withCommon(CommonSettings other) {
    return new OftConfig(
        r,
        blockSize,
        moduleDropout,
        coft,
        eps,
        blockShare,
        useCayleyNeumann,
        neumannTerms,
        initWeights,
        other);
  }

  /** A builder of a {@link OftConfig}; lists add up when a method is called again. */
  public static final class Builder extends BiasedConfigBuilder<Builder> {
    private int r;
    private int blockSize = 32;
    private double moduleDropout;
    private boolean coft;
    private double eps = 6e-5;
    private boolean blockShare;
    private boolean useCayleyNeumann = true;
    private int neumannTerms = 5;
    private boolean initWeights = true;

    private Builder() {}

    /** Sets the number of blocks of a layer; 0 if their size is given. */
    public Builder r(int value) {
      r = value;
      return this;
    }

    /**
     * Sets the size of a block; 0 if their number is given. A size that does not divide the layer's
     * input goes to the nearest that does.
     */
    public Builder blockSize(int value) {
      blockSize = value;
      return this;
    }

    /** Sets peft's {@code module_dropout}, which it writes and never uses. */
    public Builder moduleDropout(double value) {
      moduleDropout = value;
      return this;
    }

    /**
     * Sets whether the rotations are kept small: those above the bound are scaled down before each
     * training pass (constrained OFT).
     */
    public Builder coft(boolean value) {
      coft = value;
      return this;
    }

    /** Sets the bound of {@link #coft}, over the root of the number of blocks. */
    public Builder eps(double value) {
      eps = value;
      return this;
    }

    /** Sets whether all blocks of a layer have the same rotation. */
    public Builder blockShare(boolean value) {
      blockShare = value;
      return this;
    }

    /**
     * Sets whether the rotations are approximated by the first terms of a series, which needs no
     * inverse.
     */
    public Builder useCayleyNeumann(boolean value) {
      useCayleyNeumann = value;
      return this;
    }

    /** Sets the number of terms of that series; peft's {@code num_cayley_neumann_terms}. */
    public Builder neumannTerms(int value) {
      neumannTerms = value;
      return this;
    }

    /** Sets whether the rotations start as the identity; else they are random. */
    public Builder initWeights(boolean value) {
      initWeights = value;
      return this;
    }

    @Override
    public OftConfig build() {
      return new OftConfig(
          r,
          blockSize,
          moduleDropout,
          coft,
          eps,
          blockShare,
          useCayleyNeumann,
          neumannTerms,
          initWeights,
          common());
    }
  }
}
