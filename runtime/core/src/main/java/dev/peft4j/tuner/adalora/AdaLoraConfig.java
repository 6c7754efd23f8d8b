package dev.peft4j.tuner.adalora;

import dev.peft4j.tuner.BiasedConfigBuilder;
import dev.peft4j.tuner.CommonConfig;
import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.SettingChecks;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * Settings of {@link AdaLoraTuner}: peft's {@code AdaLoraConfig}.
 *
 * @param initR the rank of each layer at the start
 * @param targetR the mean rank of the layers at the end
 * @param alpha the numerator of the scale: what the adapter adds is multiplied by alpha / initR
 * @param dropout the probability with which an element of the layer's input is dropped in training,
 *     in front of the adapter
 * @param totalStep the number of steps of the whole training, which the schedule depends on
 * @param tinit the number of steps before ranks are taken away
 * @param tfinal the number of steps at the end with the ranks as they are
 * @param deltaT the number of steps from one allocation of ranks to the next
 * @param beta1 the share of the old in the running mean of importance
 * @param beta2 the share of the old in the running mean of uncertainty
 * @param orthRegWeight the weight of the part of the loss that keeps the factors orthogonal
 * @param initWeights whether the factors start small; else at N(0, 1), so that the adapter changes
 *     the model at once
 * @param rankPattern by paths of layers, which of their ranks are left once the schedule has ended;
 *     empty until then
 * @param common targets, task and base model
 */
public record AdaLoraConfig(
    int initR,
    int targetR,
    double alpha,
    double dropout,
    int totalStep,
    int tinit,
    int tfinal,
    int deltaT,
    double beta1,
    double beta2,
    double orthRegWeight,
    boolean initWeights,
    SequencedMap<String, List<Boolean>> rankPattern,
    CommonSettings common)
    implements CommonConfig<AdaLoraConfig> {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public AdaLoraConfig {
    rankPattern = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(rankPattern));
    SettingChecks.atLeast("init r", initR, 1);
    SettingChecks.atLeast("target r", targetR, 0);
    SettingChecks.above("alpha", alpha, 0, common.targets().fromFile());
    SettingChecks.probability("dropout", dropout, common.targets().fromFile());
    SettingChecks.atLeast("total step", totalStep, 1);
    SettingChecks.atLeast("tinit", tinit, 0);
    SettingChecks.atLeast("tfinal", tfinal, 0);
    SettingChecks.atLeast("delta t", deltaT, 1);
    SettingChecks.finite("beta1", beta1);
    SettingChecks.finite("beta2", beta2);
    SettingChecks.between("orth reg weight", orthRegWeight, 0, Double.MAX_VALUE);
    if (tinit >= totalStep - tfinal) {
      throw new IllegalArgumentException(
          "the schedule (tinit "
              + tinit
              + ", tfinal "
              + tfinal
              + ", total step "
              + totalStep
              + ") leaves no step in which ranks are taken away: tinit + tfinal must be less than"
              + " total step");
    }
  }

  AdaLoraConfig withRankPattern(SequencedMap<String, List<Boolean>> left) {
    return new AdaLoraConfig(
        initR,
        targetR,
        alpha,
        dropout,
        totalStep,
        tinit,
        tfinal,
        deltaT,
        beta1,
        beta2,
        orthRegWeight,
        initWeights,
        left,
        common);
  }

  /** Returns the rank of the layer at {@code path}. */
  public int rankOf(String path) {
    List<Boolean> left = rankPattern.get(path);
    return left == null ? initR : (int) left.stream().filter(l -> l).count();
  }

  /** Starts with peft's defaults; targets and the number of steps must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return AdaLoraTuner.PEFT_TYPE;
  }

  @Override
  public AdaLoraConfig withCommon(CommonSettings other) {
    return new AdaLoraConfig(
        initR,
        targetR,
        alpha,
        dropout,
        totalStep,
        tinit,
        tfinal,
        deltaT,
        beta1,
        beta2,
        orthRegWeight,
        initWeights,
        rankPattern,
        other);
  }

  /** A builder of a {@link AdaLoraConfig}; lists add up when a method is called again. */
  public static final class Builder extends BiasedConfigBuilder<Builder> {
    private int initR = 12;
    private int targetR = 8;
    private double alpha = 8;
    private double dropout;
    private int totalStep;
    private int tinit;
    private int tfinal;
    private int deltaT = 1;
    private double beta1 = 0.85;
    private double beta2 = 0.85;
    private double orthRegWeight = 0.5;
    private boolean initWeights = true;
    private final SequencedMap<String, List<Boolean>> rankPattern = new LinkedHashMap<>();

    private Builder() {}

    /** Sets the rank of each layer at the start. */
    public Builder initR(int value) {
      initR = value;
      return this;
    }

    /** Sets the mean rank of the layers at the end. */
    public Builder targetR(int value) {
      targetR = value;
      return this;
    }

    /** Sets the numerator of the scale: what the adapter adds is multiplied by alpha / initR. */
    public Builder alpha(double value) {
      alpha = value;
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

    /** Sets the number of steps of the whole training, which the schedule depends on. */
    public Builder totalStep(int value) {
      totalStep = value;
      return this;
    }

    /** Sets the number of steps before ranks are taken away. */
    public Builder tinit(int value) {
      tinit = value;
      return this;
    }

    /** Sets the number of steps at the end with the ranks as they are. */
    public Builder tfinal(int value) {
      tfinal = value;
      return this;
    }

    /** Sets the number of steps from one allocation of ranks to the next. */
    public Builder deltaT(int value) {
      deltaT = value;
      return this;
    }

    /** Sets the share of the old in the running mean of importance. */
    public Builder beta1(double value) {
      beta1 = value;
      return this;
    }

    /** Sets the share of the old in the running mean of uncertainty. */
    public Builder beta2(double value) {
      beta2 = value;
      return this;
    }

    /** Sets the weight of the part of the loss that keeps the factors orthogonal. */
    public Builder orthRegWeight(double value) {
      orthRegWeight = value;
      return this;
    }

    /**
     * Sets whether the factors start small; else at N(0, 1), so that the adapter changes the model
     * at once.
     */
    public Builder initWeights(boolean value) {
      initWeights = value;
      return this;
    }

    /** Sets which ranks of a layer are left, as a trained adapter's file says. */
    public Builder rankPattern(String path, List<Boolean> left) {
      rankPattern.put(path, List.copyOf(left));
      return this;
    }

    @Override
    public AdaLoraConfig build() {
      return new AdaLoraConfig(
          initR,
          targetR,
          alpha,
          dropout,
          totalStep,
          tinit,
          tfinal,
          deltaT,
          beta1,
          beta2,
          orthRegWeight,
          initWeights,
          rankPattern,
          common());
    }
  }
}
