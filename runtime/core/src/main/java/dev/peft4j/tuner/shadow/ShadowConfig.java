package dev.peft4j.tuner.shadow;

import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.ConfigBuilder;
import dev.peft4j.tuner.SettingChecks;
import java.util.List;

/**
 * Settings of {@link ShadowTuner}: peft's {@code ShadowConfig}.
 *
 * @param blocks paths of the layers that are corrected; empty for all
 * @param r rank of the corrections
 * @param shadowLayers number of layers of the shadow
 * @param hiddenSize width of the shadow; 0 for that of the model
 * @param intermediateSize width inside of its feed-forward blocks; 0 for that of the model
 * @param heads number of its attention heads; 0 for that of the model
 * @param alpha what corrections are multiplied by
 * @param dropout probability of dropout in front of corrections in training
 * @param updateSize width inside of the networks that update the state; 0 for the rank
 * @param lossWeight weight of the loss of what the shadow predicts by itself
 * @param sharesEmbeddings whether a shadow of the same width takes the embeddings of the model
 * @param initWeights whether corrections start as zero
 * @param common modules to save, task and base model
 */
public record ShadowConfig(
    List<String> blocks,
    int r,
    int shadowLayers,
    int hiddenSize,
    int intermediateSize,
    int heads,
    double alpha,
    double dropout,
    int updateSize,
    double lossWeight,
    boolean sharesEmbeddings,
    boolean initWeights,
    CommonSettings common)
    implements CommonConfig<ShadowConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public ShadowConfig {
    blocks = List.copyOf(blocks);
    SettingChecks.rank("r", r);
    SettingChecks.atLeast("shadowLayers", shadowLayers, 0);
    SettingChecks.atLeast("hiddenSize", hiddenSize, 0);
    SettingChecks.atLeast("intermediateSize", intermediateSize, 0);
    SettingChecks.atLeast("heads", heads, 0);
    SettingChecks.atLeast("updateSize", updateSize, 0);
    SettingChecks.finite("alpha", alpha);
    SettingChecks.probability("dropout", dropout, true);
    SettingChecks.between("lossWeight", lossWeight, 0, 1e6);
  }

  /** Starts with peft's defaults. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return ShadowTuner.PEFT_TYPE;
  }

  ShadowConfig withBlocks(List<String> paths) {
    return new ShadowConfig(
        paths,
        r,
        shadowLayers,
        hiddenSize,
        intermediateSize,
        heads,
        alpha,
        dropout,
        updateSize,
        lossWeight,
        sharesEmbeddings,
        initWeights,
        common);
  }

  @Override
  public ShadowConfig withCommon(CommonSettings other) {
    return new ShadowConfig(
        blocks,
        r,
        shadowLayers,
        hiddenSize,
        intermediateSize,
        heads,
        alpha,
        dropout,
        updateSize,
        lossWeight,
        sharesEmbeddings,
        initWeights,
        other);
  }

  /** A builder of a {@link ShadowConfig}. */
  public static final class Builder extends ConfigBuilder<Builder> {
    private List<String> blocks = List.of();
    private int r = 8;
    private int shadowLayers = 1;
    private int hiddenSize = 0;
    private int intermediateSize = 0;
    private int heads = 0;
    private double alpha = 0.1;
    private double dropout = 0.2;
    private int updateSize = 0;
    private double lossWeight = 0.05;
    private boolean sharesEmbeddings = true;
    private boolean initWeights = true;

    private Builder() {}

    @Override
    public boolean hasTargets() {
      return false;
    }

    /** Sets the paths of the layers that are corrected; all unless it is called. */
    public Builder blocks(String... paths) {
      blocks = List.of(paths);
      return this;
    }

    /** Sets rank of the corrections. */
    public Builder r(int value) {
      r = value;
      return this;
    }

    /** Sets number of layers of the shadow. */
    public Builder shadowLayers(int value) {
      shadowLayers = value;
      return this;
    }

    /** Sets width of the shadow; 0 for that of the model. */
    public Builder hiddenSize(int value) {
      hiddenSize = value;
      return this;
    }

    /** Sets width inside of its feed-forward blocks; 0 for that of the model. */
    public Builder intermediateSize(int value) {
      intermediateSize = value;
      return this;
    }

    /** Sets number of its attention heads; 0 for that of the model. */
    public Builder heads(int value) {
      heads = value;
      return this;
    }

    /** Sets what corrections are multiplied by. */
    public Builder alpha(double value) {
      alpha = value;
      return this;
    }

    /** Sets probability of dropout in front of corrections in training. */
    public Builder dropout(double value) {
      dropout = value;
      return this;
    }

    /** Sets width inside of the networks that update the state; 0 for the rank. */
    public Builder updateSize(int value) {
      updateSize = value;
      return this;
    }

    /** Sets weight of the loss of what the shadow predicts by itself. */
    public Builder lossWeight(double value) {
      lossWeight = value;
      return this;
    }

    /** Sets whether a shadow of the same width takes the embeddings of the model. */
    public Builder sharesEmbeddings(boolean value) {
      sharesEmbeddings = value;
      return this;
    }

    /** Sets whether corrections start as zero. */
    public Builder initWeights(boolean value) {
      initWeights = value;
      return this;
    }

    @Override
    public ShadowConfig build() {
      return new ShadowConfig(
          blocks,
          r,
          shadowLayers,
          hiddenSize,
          intermediateSize,
          heads,
          alpha,
          dropout,
          updateSize,
          lossWeight,
          sharesEmbeddings,
          initWeights,
          common());
    }
  }
}
