package dev.peft4j.generate;

import com.google.auto.service.AutoService;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Scores of tokens that occur already, divided by a penalty if they are positive, else multiplied
 * (Keskar et al. 2019).
 */
@AutoService(LogitsProcessorKind.class)
public final class RepetitionPenalty extends LogitsProcessorKind {
  /** The penalty; 1 changes nothing. */
  public static final Setting<Double> REPETITION_PENALTY =
      Setting.number("repetition_penalty", 1.0, "a number above 0", x -> x > 0);

  /** Describes the kind. */
  public RepetitionPenalty() {
    super(30, false, REPETITION_PENALTY);
  }

  @Override
  public @Nullable LogitsProcessor create(GenerationConfig config, Row row) {
    float penalty = config.get(REPETITION_PENALTY).floatValue();
    if (penalty == 1) {
      return null;
    }
    return (scores, history) -> {
      BitSet seen = new BitSet(scores.length);
      for (int i = 0; i < history.length(); i++) {
        seen.set(history.get(i));
      }
      penalize(scores, seen, penalty);
    };
  }

  /** Makes tokens less probable by a penalty above 1. */
  static void penalize(float[] scores, BitSet tokens, float penalty) {
    for (int id = tokens.nextSetBit(0);
        id >= 0 && id < scores.length;
        id = tokens.nextSetBit(id + 1)) {
      scores[id] = scores[id] < 0 ? scores[id] * penalty : scores[id] / penalty;
    }
  }
}
