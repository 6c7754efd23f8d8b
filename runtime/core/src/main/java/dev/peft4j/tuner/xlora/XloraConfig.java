package dev.peft4j.tuner.xlora;

import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.ConfigBuilder;
import dev.peft4j.tuner.SettingChecks;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Settings of {@link XloraTuner}: peft's {@code XLoraConfig}.
 *
 * @param experts the LoRA adapters, at least one
 * @param hiddenSize width of the model's hidden states; 0 for the model's
 * @param softmax whether the scalings of a token add up to 1
 * @param softmaxOfTop whether those of the chosen experts do
 * @param layerwise whether each layer has scalings of its own
 * @param depth number of linear layers of the classifier
 * @param size width between them
 * @param dropout probability of dropout between them in training
 * @param trainsExperts whether the experts are trained, too
 * @param temperature what logits are divided by before the softmax
 * @param topK number of experts that a token takes; 0 for all
 * @param passValue the scaling of all experts in the first pass
 * @param weight what all scalings are multiplied by
 * @param common task and base model
 */
public record XloraConfig(
    List<Expert> experts,
    int hiddenSize,
    boolean softmax,
    boolean softmaxOfTop,
    boolean layerwise,
    int depth,
    int size,
    double dropout,
    boolean trainsExperts,
    double temperature,
    int topK,
    double passValue,
    double weight,
    CommonSettings common)
    implements CommonConfig<XloraConfig> {
  /**
   * An adapter.
   *
   * @param name what the file calls it
   * @param given its folder as the file has it
   * @param folder where it is
   */
  public record Expert(String name, String given, Path folder) {}

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public XloraConfig {
    experts = List.copyOf(experts);
    SettingChecks.atLeast("hiddenSize", hiddenSize, 0);
    SettingChecks.atLeast("depth", depth, 1);
    SettingChecks.atLeast("size", size, 1);
    SettingChecks.atLeast("topK", topK, 0);
    SettingChecks.probability("dropout", dropout, true);
    SettingChecks.finite("passValue", passValue);
    SettingChecks.finite("weight", weight);
    SettingChecks.between("temperature", temperature, 1e-6, 1e6);
    if (experts.isEmpty()) {
      throw new IllegalArgumentException("experts: X-LoRA needs at least one LoRA adapter");
    }
    if (topK > experts.size()) {
      throw new IllegalArgumentException(
          "topK is " + topK + ", but there are " + experts.size() + " experts");
    }
  }

  /** Starts with peft's defaults; experts must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return XloraTuner.PEFT_TYPE;
  }

  XloraConfig withHiddenSize(int value) {
    return new XloraConfig(
        experts,
        value,
        softmax,
        softmaxOfTop,
        layerwise,
        depth,
        size,
        dropout,
        trainsExperts,
        temperature,
        topK,
        passValue,
        weight,
        common);
  }

  @Override
  public XloraConfig withCommon(CommonSettings other) {
    return new XloraConfig(
        experts,
        hiddenSize,
        softmax,
        softmaxOfTop,
        layerwise,
        depth,
        size,
        dropout,
        trainsExperts,
        temperature,
        topK,
        passValue,
        weight,
        other);
  }

  /** A builder of an {@link XloraConfig}. */
  public static final class Builder extends ConfigBuilder<Builder> {
    private final List<Expert> experts = new ArrayList<>();
    private int hiddenSize;
    private boolean softmax = true;
    private boolean softmaxOfTop = false;
    private boolean layerwise = false;
    private int depth = 1;
    private int size = 2048;
    private double dropout = 0.2;
    private boolean trainsExperts = false;
    private double temperature = 1;
    private int topK = 0;
    private double passValue = 0;
    private double weight = 1;

    private Builder() {}

    @Override
    public boolean hasTargets() {
      return false;
    }

    /** Adds folders of LoRA adapters. */
    public Builder experts(String... folders) {
      for (String folder : folders) {
        expert(Integer.toString(experts.size()), folder, Path.of(folder));
      }
      return this;
    }

    Builder expert(String name, String given, Path folder) {
      experts.add(new Expert(name, given, folder));
      return this;
    }

    Builder hiddenSize(int value) {
      hiddenSize = value;
      return this;
    }

    /** Sets whether the scalings of a token add up to 1. */
    public Builder softmax(boolean value) {
      softmax = value;
      return this;
    }

    /** Sets whether those of the chosen experts do. */
    public Builder softmaxOfTop(boolean value) {
      softmaxOfTop = value;
      return this;
    }

    /** Sets whether each layer has scalings of its own. */
    public Builder layerwise(boolean value) {
      layerwise = value;
      return this;
    }

    /** Sets number of linear layers of the classifier. */
    public Builder depth(int value) {
      depth = value;
      return this;
    }

    /** Sets width between them. */
    public Builder size(int value) {
      size = value;
      return this;
    }

    /** Sets probability of dropout between them in training. */
    public Builder dropout(double value) {
      dropout = value;
      return this;
    }

    /** Sets whether the experts are trained, too. */
    public Builder trainsExperts(boolean value) {
      trainsExperts = value;
      return this;
    }

    /** Sets what logits are divided by before the softmax. */
    public Builder temperature(double value) {
      temperature = value;
      return this;
    }

    /** Sets number of experts that a token takes; 0 for all. */
    public Builder topK(int value) {
      topK = value;
      return this;
    }

    /** Sets the scaling of all experts in the first pass. */
    public Builder passValue(double value) {
      passValue = value;
      return this;
    }

    /** Sets what all scalings are multiplied by. */
    public Builder weight(double value) {
      weight = value;
      return this;
    }

    @Override
    public XloraConfig build() {
      return new XloraConfig(
          experts,
          hiddenSize,
          softmax,
          softmaxOfTop,
          layerwise,
          depth,
          size,
          dropout,
          trainsExperts,
          temperature,
          topK,
          passValue,
          weight,
          common());
    }
  }
}
