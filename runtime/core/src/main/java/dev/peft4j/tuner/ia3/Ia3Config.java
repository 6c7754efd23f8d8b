package dev.peft4j.tuner.ia3;

import static java.util.stream.Collectors.joining;

import dev.peft4j.annotation.Bias;
import dev.peft4j.annotation.Init;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.tuner.ConfigBuilder;
import dev.peft4j.tuner.PeftConfig;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Settings of {@link Ia3Tuner}: peft's {@code IA3Config}.
 *
 * @param targets which layers get an adapter
 * @param feedforward which of them are feed-forward: their paths end in one of these
 * @param feedforwardRegex the same as a regular expression for the whole path, instead of {@code
 *     feedforward}; or null
 * @param initWeights whether l starts as ones; else it is drawn from N(0, 1)
 * @param fanInFanOut peft's note of how targeted weights are stored; the layers themselves know it
 * @param taskType peft's task type, or null
 * @param baseModel name of the base model, or null
 */
public record Ia3Config(
    TargetSpec targets,
    List<String> feedforward,
    @Nullable String feedforwardRegex,
    boolean initWeights,
    boolean fanInFanOut,
    @Nullable String taskType,
    @Nullable String baseModel)
    implements PeftConfig {
  /** peft's name of the tuner. */
  public static final String PEFT_TYPE = "IA3";

  /**
   * Checks that what is feed-forward is targeted.
   *
   * @throws IllegalArgumentException if a name is not among the targets, or the modules are given
   *     in two ways
   */
  public Ia3Config {
    if (feedforward != Feedforward.OPEN) {
      feedforward = new Feedforward(feedforward, feedforwardRegex);
    }
    if (!targets.targets().isEmpty()
        && !new HashSet<>(targets.targets()).containsAll(feedforward)) {
      throw new IllegalArgumentException(
          "feedforward modules " + feedforward + " must be among the targets " + targets.targets());
    }
    if (!feedforward.isEmpty() && feedforwardRegex != null) {
      throw new IllegalArgumentException(
          "feedforward modules are given as a list "
              + feedforward
              + " and as a regex '"
              + feedforwardRegex
              + "': give one");
    }
  }

  /**
   * Adapts what {@code targets} names; of these {@code feedforward} in their inputs, the others in
   * their results.
   */
  public static Ia3Config of(TargetSpec targets, String... feedforward) {
    return new Ia3Config(targets, List.of(feedforward), null, true, false, null, null);
  }

  /** Starts settings without targets. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return PEFT_TYPE;
  }

  @Override
  public Bias bias() {
    return Bias.NONE;
  }

  @Override
  public Ia3Config withTargets(TargetSpec other) {
    return with(other, fanInFanOut);
  }

  /** Returns the same settings with another note of how targeted weights are stored. */
  Ia3Config withFanInFanOut(boolean transposed) {
    return with(targets, transposed);
  }

  private Ia3Config with(TargetSpec other, boolean transposed) {
    return new Ia3Config(
        other, feedforward, feedforwardRegex, initWeights, transposed, taskType, baseModel);
  }

  /** With names that need not be among the targets: what ends in one of them is feed-forward. */
  Ia3Config withFeedforward(List<String> names) {
    boolean targeted =
        targets.targets().isEmpty() || new HashSet<>(targets.targets()).containsAll(names);
    String ends = names.stream().map(n -> n.replace(".", "\\.")).collect(joining("|", ".*(", ")"));
    return new Ia3Config(
        targets,
        targeted ? names : List.of(),
        targeted ? null : ends,
        initWeights,
        fanInFanOut,
        taskType,
        baseModel);
  }

  /**
   * Returns whether the layer at {@code path} is feed-forward; as in peft a list is of mere ends,
   * without regard to dots.
   */
  public boolean isFeedforward(String path) {
    return feedforward instanceof Feedforward f && f.isIn(path); // as the constructor made it
  }

  /** A builder of a {@link Ia3Config}; lists add up when a method is called again. */
  public static final class Builder extends ConfigBuilder<Builder> {
    private final List<String> feedforward = new ArrayList<>();
    private @Nullable String feedforwardRegex;
    private boolean initWeights = true;

    private Builder() {}

    /** Adds those of the targets that are feed-forward: ends of paths, as among the targets. */
    public Builder feedforward(String... names) {
      feedforward.addAll(List.of(names));
      return this;
    }

    /** Sets the same as a regular expression for the whole path. */
    public Builder feedforwardRegex(String regex) {
      feedforwardRegex = regex;
      return this;
    }

    /** Sets whether l starts as ones, as it does by default; else it is drawn from N(0, 1). */
    public Builder initWeights(boolean value) {
      initWeights = value;
      return this;
    }

    /**
     * Sets what l starts as: ones with {@code DEFAULT}, drawn from N(0, 1) with {@code RANDOM}.
     *
     * @throws IllegalArgumentException if it is another one
     */
    public Builder init(Init value) {
      if (value != Init.DEFAULT && value != Init.RANDOM) {
        throw new IllegalArgumentException("IA3 has init DEFAULT and RANDOM, not " + value);
      }
      return initWeights(value == Init.DEFAULT);
    }

    @Override
    public Ia3Config build() {
      return new Ia3Config(
          spec(), feedforward, feedforwardRegex, initWeights, false, taskType(), baseModel());
    }
  }
}
