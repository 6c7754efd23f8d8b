package dev.peft4j.tuner.tokens;

import dev.peft4j.annotation.Bias;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.tuner.ConfigBuilder;
import dev.peft4j.tuner.PeftConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Settings of {@link TrainableTokensTuner}: peft's {@code TrainableTokensConfig}.
 *
 * @param tokens the ids of the rows; at least one, each once
 * @param initWeights whether the rows start as the embedding's; else they are drawn from N(0, 1)
 * @param targets the embeddings; with none it is the model's input embedding
 * @param taskType peft's task type, or null
 * @param baseModel name of the base model, or null
 */
public record TrainableTokensConfig(
    List<Integer> tokens,
    boolean initWeights,
    TargetSpec targets,
    @Nullable String taskType,
    @Nullable String baseModel)
    implements PeftConfig {
  /** peft's name of the tuner. */
  public static final String PEFT_TYPE = "TRAINABLE_TOKENS";

  /**
   * Checks the ids.
   *
   * @throws IllegalArgumentException if there is none, one is negative or comes twice
   */
  public TrainableTokensConfig {
    TokenRows.checkIds("targets", tokens);
    tokens = List.copyOf(tokens);
  }

  /** Trains rows of the embeddings that {@code targets} names, which start as they are. */
  public static TrainableTokensConfig of(TargetSpec targets, int... ids) {
    return new TrainableTokensConfig(
        Arrays.stream(ids).boxed().toList(), true, targets, null, null);
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
  public TrainableTokensConfig withTargets(TargetSpec other) {
    return new TrainableTokensConfig(tokens, initWeights, other, taskType, baseModel);
  }

  /** Starts settings without targets: for the model's input embedding. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder of a {@link TrainableTokensConfig}; lists add up when a method is called again. */
  public static final class Builder extends ConfigBuilder<Builder> {
    private final List<Integer> tokens = new ArrayList<>();
    private boolean initWeights = true;

    private Builder() {}

    /** Sets the ids of the rows; each once. */
    public Builder tokens(int... ids) {
      Arrays.stream(ids).forEach(tokens::add);
      return this;
    }

    /** Sets whether the rows start as the embedding's, as they do by default. */
    public Builder initWeights(boolean value) {
      initWeights = value;
      return this;
    }

    @Override
    public TrainableTokensConfig build() {
      return new TrainableTokensConfig(tokens, initWeights, spec(), taskType(), baseModel());
    }
  }
}
