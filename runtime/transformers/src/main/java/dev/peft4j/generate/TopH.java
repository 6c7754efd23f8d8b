package dev.peft4j.generate;

import com.google.auto.service.AutoService;
import org.jspecify.annotations.Nullable;

/**
 * Of the 100 most probable tokens, those whose parts of the entropy together are at most a share of
 * it.
 */
@AutoService(LogitsProcessorKind.class)
public final class TopH extends LogitsProcessorKind {
  /** The share of the entropy; without it, all tokens are kept. */
  public static final Setting<Double> TOP_H =
      Setting.number("top_h", null, "a number above 0, at most 1", x -> x > 0 && x <= 1);

  private static final int MOST = 100;

  /** Describes the kind. */
  public TopH() {
    super(210, true, TOP_H);
  }

  @Override
  public @Nullable LogitsProcessor create(GenerationConfig config, Row row) {
    Double share = config.find(TOP_H);
    return share == null ? null : (scores, history) -> keep(scores, share);
  }

  private static void keep(float[] scores, double share) {
    int[] order = Scores.sorted(scores);
    int n = Math.min(MOST, order.length);
    float[] top = new float[n];
    for (int i = 0; i < n; i++) {
      top[i] = scores[order[order.length - 1 - i]];
    }
    float[] p = Scores.probabilities(top);
    float bound = (float) (Scores.entropy(p) * share);
    double sum = 0;
    boolean within = true;
    float[] kept = new float[n];
    for (int i = 0; i < n; i++) {
      sum -= p[i] == 0 ? 0 : p[i] * Math.log(p[i]);
      within &= p[i] > 0 && (float) sum <= bound;
      kept[i] = i == 0 || within ? top[i] : Float.NEGATIVE_INFINITY;
    }
    java.util.Arrays.fill(scores, Float.NEGATIVE_INFINITY);
    for (int i = 0; i < n; i++) {
      scores[order[order.length - 1 - i]] = kept[i];
    }
  }
}
