package dev.peft4j.generate;

import com.google.auto.service.AutoService;
import org.jspecify.annotations.Nullable;

/**
 * The tokens whose information is nearest to the expected one, with at least a probability together
 * (Meister et al. 2023).
 */
@AutoService(LogitsProcessorKind.class)
public final class Typical extends LogitsProcessorKind {
  /** The probability; 1 keeps all tokens. */
  public static final Setting<Double> TYPICAL_P =
      Setting.number("typical_p", 1.0, "a number above 0, at most 1", x -> x > 0 && x <= 1);

  /** Describes the kind. */
  public Typical() {
    super(250, true, TYPICAL_P);
  }

  @Override
  public @Nullable LogitsProcessor create(GenerationConfig config, Row row) {
    float mass = config.get(TYPICAL_P).floatValue();
    return mass >= 1 ? null : (scores, history) -> keep(scores, mass, row.keep());
  }

  private static void keep(float[] scores, float mass, int keep) {
    float[] log = scores.clone();
    Scores.logSoftmax(log);
    float[] p = new float[log.length];
    double sum = 0;
    for (int i = 0; i < p.length; i++) {
      p[i] = (float) Math.exp(log[i]);
      sum -= p[i] == 0 ? 0 : (double) log[i] * p[i];
    }
    float entropy = (float) sum;
    float[] distance = new float[log.length];
    for (int i = 0; i < log.length; i++) {
      distance[i] = Math.abs(-log[i] - entropy);
    }
    int[] order = Scores.sorted(distance);
    int last = 0;
    double cumulative = 0;
    for (int i : order) {
      cumulative += p[i];
      last += (float) cumulative < mass ? 1 : 0;
    }
    float bound = distance[order[Math.min(last, order.length - 1)]];
    for (int i = keep; i < order.length; i++) {
      if (distance[order[i]] > bound) {
        Scores.exclude(scores, order[i]);
      }
    }
  }
}
