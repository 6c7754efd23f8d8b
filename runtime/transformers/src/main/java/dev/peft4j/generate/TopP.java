package dev.peft4j.generate;

import com.google.auto.service.AutoService;
import org.jspecify.annotations.Nullable;

/**
 * The fewest tokens that together have at least a probability (nucleus sampling, Holtzman et al.
 * 2020).
 */
@AutoService(LogitsProcessorKind.class)
public final class TopP extends LogitsProcessorKind {
  /** The probability; 1 keeps all tokens. */
  public static final Setting<Double> TOP_P =
      Setting.number("top_p", 1.0, "a number from 0 to 1", x -> x >= 0 && x <= 1);

  /** Describes the kind. */
  public TopP() {
    super(230, true, TOP_P);
  }

  @Override
  public @Nullable LogitsProcessor create(GenerationConfig config, Row row) {
    double p = config.get(TOP_P);
    return p >= 1 ? null : (scores, history) -> keep(scores, (float) (1 - p), row.keep());
  }

  /** Excludes the least probable tokens, as long as they have at most {@code rest} together. */
  private static void keep(float[] scores, float rest, int keep) {
    float[] p = Scores.probabilities(scores);
    // none of these can be kept: all of them together have at most that
    float negligible = rest / p.length;
    int[] others = new int[p.length];
    int n = 0;
    double sum = 0;
    for (int i = 0; i < p.length; i++) {
      if (p[i] > negligible) {
        others[n++] = i;
      } else {
        sum += p[i];
      }
    }
    if (n < keep) { // more are kept than count
      n = p.length;
      sum = 0;
      for (int i = 0; i < n; i++) {
        others[i] = i;
      }
    }
    boolean all = n == p.length;
    int[] order = Scores.sorted(scores, others, n);
    for (int i = 0; !all && i < p.length; i++) {
      if (p[i] <= negligible) {
        Scores.exclude(scores, i);
      }
    }
    for (int i = 0; i < n - keep; i++) {
      sum += p[order[i]];
      if ((float) sum > rest) {
        break;
      }
      Scores.exclude(scores, order[i]);
    }
  }
}
