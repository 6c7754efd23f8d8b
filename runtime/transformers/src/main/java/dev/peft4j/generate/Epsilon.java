package dev.peft4j.generate;

import com.google.auto.service.AutoService;
import org.jspecify.annotations.Nullable;

/** The tokens with at least a probability, and the most probable one (Hewitt et al. 2022). */
@AutoService(LogitsProcessorKind.class)
public final class Epsilon extends LogitsProcessorKind {
  /** The probability; 0 keeps all tokens. */
  public static final Setting<Double> EPSILON_CUTOFF =
      Setting.number("epsilon_cutoff", 0.0, "a number from 0, below 1", x -> x >= 0 && x < 1);

  /** Describes the kind. */
  public Epsilon() {
    super(260, true, EPSILON_CUTOFF);
  }

  @Override
  public @Nullable LogitsProcessor create(GenerationConfig config, Row row) {
    float epsilon = config.get(EPSILON_CUTOFF).floatValue();
    return epsilon == 0
        ? null
        : (scores, history) ->
            Scores.excludeBelow(scores, Scores.probabilities(scores), epsilon, row.keep());
  }
}
