package dev.peft4j.tuner;

import dev.peft4j.annotation.Bias;
import dev.peft4j.annotation.Init;
import dev.peft4j.target.PatternKeys;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.target.TaskTypes;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * Settings of {@link Lora}: peft's {@code LoraConfig}.
 *
 * @param r the rank, at least 1
 * @param alpha the numerator of the scale alpha / r; positive
 * @param dropout probability that an element of the adapter's input is zeroed in training; in [0, 1)
 * @param bias which biases of the base model are trained
 * @param rslora whether the scale is alpha / √r (Kalajdzievski 2023)
 * @param init how A and B start
 * @param targets which layers get an adapter
 * @param rankPattern other ranks for layers whose path ends in a key (a regular expression)
 * @param alphaPattern other alphas, likewise
 * @param taskType peft's task type, or null
 * @param baseModel name of the base model, or null
 */
public record LoraConfig(
    int r,
    double alpha,
    double dropout,
    Bias bias,
    boolean rslora,
    Init init,
    TargetSpec targets,
    SequencedMap<String, Integer> rankPattern,
    SequencedMap<String, Double> alphaPattern,
    @Nullable String taskType,
    @Nullable String baseModel)
    implements PeftConfig {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting, what was found and what is allowed
   */
  public LoraConfig {
    checkRank("r", r);
    checkAlpha("alpha", alpha);
    if (!(dropout >= 0 && dropout < 1)) {
      throw new IllegalArgumentException("dropout is " + dropout + ", must be at least 0 and less than 1");
    }
    rankPattern.forEach((key, value) -> checkRank("rank pattern '" + key + "'", value));
    alphaPattern.forEach((key, value) -> checkAlpha("alpha pattern '" + key + "'", value));
    if (taskType != null && !TaskTypes.all().contains(taskType)) {
      throw new IllegalArgumentException("task type is '" + taskType + "', must be one of " + TaskTypes.all());
    }
    rankPattern = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(rankPattern));
    alphaPattern = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(alphaPattern));
  }

  private static void checkRank(String name, int r) {
    if (r < 1) {
      throw new IllegalArgumentException(name + " should be a positive integer value but the value passed is " + r);
    }
  }

  private static void checkAlpha(String name, double alpha) {
    if (!(alpha > 0 && Double.isFinite(alpha))) {
      throw new IllegalArgumentException(name + " is " + alpha + ", must be positive and finite");
    }
  }

  /** Starts with peft's defaults: r 8, alpha 8, no dropout, no biases; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return Lora.PEFT_TYPE;
  }

  @Override
  public LoraConfig withTargets(TargetSpec other) {
    return new LoraConfig(
        r, alpha, dropout, bias, rslora, init, other, rankPattern, alphaPattern, taskType, baseModel);
  }

  /** Settings of an adapter that is made of others: this one's, but for the rank, which is its alpha, too. */
  LoraConfig combined(int rank, TargetSpec other) {
    return new LoraConfig(
        rank, rank, dropout, bias, rslora, Init.DEFAULT, other, new LinkedHashMap<>(), new LinkedHashMap<>(), taskType,
        baseModel);
  }

  /** The rank of the layer at {@code path}. */
  public int rankOf(String path) {
    String key = new PatternKeys(rankPattern.keySet()).first(path);
    return key == null ? r : rankPattern.getOrDefault(key, r);
  }

  /** The scale of the layer at {@code path}: alpha / r, or alpha / √r with rslora. */
  public double scaleOf(String path) {
    String key = new PatternKeys(alphaPattern.keySet()).first(path);
    double a = key == null ? alpha : alphaPattern.getOrDefault(key, alpha);
    int rank = rankOf(path);
    return rslora ? a / Math.sqrt(rank) : a / rank;
  }

  /** Builds a {@link LoraConfig}; lists add up when a method is called again. */
  public static final class Builder {
    private int r = 8;
    private double alpha = 8;
    private double dropout;
    private Bias bias = Bias.NONE;
    private boolean rslora;
    private Init init = Init.DEFAULT;
    private final TargetSpec.Builder targets = TargetSpec.builder();
    private final SequencedMap<String, Integer> rankPattern = new LinkedHashMap<>();
    private final SequencedMap<String, Double> alphaPattern = new LinkedHashMap<>();
    private @Nullable String taskType;
    private @Nullable String baseModel;

    private Builder() {}

    /** The rank; at least 1. */
    public Builder r(int value) {
      r = value;
      return this;
    }

    /** The numerator of the scale; positive. */
    public Builder alpha(double value) {
      alpha = value;
      return this;
    }

    /** Dropout of the adapter's input; in [0, 1). */
    public Builder dropout(double value) {
      dropout = value;
      return this;
    }

    /** Which biases of the base model are trained. */
    public Builder bias(Bias value) {
      bias = value;
      return this;
    }

    /** Whether the scale is alpha / √r. */
    public Builder rslora(boolean value) {
      rslora = value;
      return this;
    }

    /** How A and B start. */
    public Builder init(Init value) {
      init = value;
      return this;
    }

    /** Paths or ends of paths; or {@code all-linear} or {@code regex:...} alone. */
    public Builder targets(String... names) {
      targets.targets(names);
      return this;
    }

    /** A regular expression for the whole path. */
    public Builder targetRegex(String regex) {
      targets.targetRegex(regex);
      return this;
    }

    /** Every Linear but the model's output head. */
    public Builder allLinear() {
      targets.allLinear();
      return this;
    }

    /** Paths or ends of paths that get none. */
    public Builder exclude(String... names) {
      targets.exclude(names);
      return this;
    }

    /** A regular expression for whole paths that get none. */
    public Builder excludeRegex(String regex) {
      targets.excludeRegex(regex);
      return this;
    }

    /** Modules that are trained whole, as copies. */
    public Builder modulesToSave(String... names) {
      targets.modulesToSave(names);
      return this;
    }

    /** Another rank for layers whose path ends in {@code key}. */
    public Builder rankPattern(String key, int rank) {
      rankPattern.put(key, rank);
      return this;
    }

    /** Another alpha for layers whose path ends in {@code key}. */
    public Builder alphaPattern(String key, double value) {
      alphaPattern.put(key, value);
      return this;
    }

    /** Indices of the layers that ends of paths are confined to. */
    public Builder layers(int... indices) {
      targets.layers(indices);
      return this;
    }

    /** Names of the list that layers are counted in. */
    public Builder layersPattern(String... patterns) {
      targets.layersPattern(patterns);
      return this;
    }

    /** peft's task type, for example {@code SEQ_CLS}. */
    public Builder taskType(String value) {
      taskType = value;
      return this;
    }

    /** Name of the base model. */
    public Builder baseModel(String value) {
      baseModel = value;
      return this;
    }

    /**
     * The settings.
     *
     * @throws IllegalArgumentException naming the setting that is wrong
     */
    public LoraConfig build() {
      return new LoraConfig(
          r, alpha, dropout, bias, rslora, init, targets.build(), rankPattern, alphaPattern, taskType, baseModel);
    }
  }
}
