package dev.peft4j.generate;

import com.google.auto.service.AutoService;
import org.jspecify.annotations.Nullable;

/** The tokens with at least a share of the largest probability. */
@AutoService(LogitsProcessorKind.class)
public final class MinP extends LogitsProcessorKind {
  /** The share; without it, all tokens are kept. */
  public static final Setting<Double> MIN_P =
      Setting.number("min_p", null, "a number from 0 to 1", x -> x >= 0 && x <= 1);

  /** Describes the kind. */
  public MinP() {
    super(240, true, MIN_P);
  }

  @Override
  public @Nullable LogitsProcessor create(GenerationConfig config, Row row) {
    Double share = config.find(MIN_P);
    if (share == null) {
      return null;
    }
    return (scores, history) -> {
      float[] p = Scores.probabilities(scores);
      float least = share.floatValue() * Scores.max(p);
      int[] order = row.keep() > 1 ? Scores.sorted(p) : new int[0];
      float[] before = scores.clone();
      for (int i = 0; i < scores.length; i++) {
        if (p[i] < least) {
          Scores.exclude(scores, i);
        }
      }
      for (int i = 1; i <= Math.min(row.keep(), order.length); i++) {
        int kept = order[order.length - i];
        scores[kept] = before[kept];
      }
    };
  }
}
