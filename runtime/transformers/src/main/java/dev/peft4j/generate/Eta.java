package dev.peft4j.generate;

import com.google.auto.service.AutoService;
import org.jspecify.annotations.Nullable;

/**
 * The tokens with at least a probability that falls with the entropy, and the most probable one
 * (Hewitt et al. 2022).
 */
@AutoService(LogitsProcessorKind.class)
public final class Eta extends LogitsProcessorKind {
  /** The probability where nothing is uncertain; 0 keeps all tokens. */
  public static final Setting<Double> ETA_CUTOFF =
      Setting.number("eta_cutoff", 0.0, "a number from 0, below 1", x -> x >= 0 && x < 1);

  /** Describes the kind. */
  public Eta() {
    super(270, true, ETA_CUTOFF);
  }

  @Override
  public @Nullable LogitsProcessor create(GenerationConfig config, Row row) {
    float epsilon = config.get(ETA_CUTOFF).floatValue();
    if (epsilon == 0) {
      return null;
    }
    return (scores, history) -> {
      float[] p = Scores.probabilities(scores);
      double eta = Math.min(epsilon, Math.sqrt(epsilon) * Math.exp(-Scores.entropy(p)));
      Scores.excludeBelow(scores, p, (float) eta, row.keep());
    };
  }
}
