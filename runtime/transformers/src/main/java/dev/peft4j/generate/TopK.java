package dev.peft4j.generate;

import com.google.auto.service.AutoService;
import org.jspecify.annotations.Nullable;

/** The k largest scores, and those equal to the smallest of them. */
@AutoService(LogitsProcessorKind.class)
public final class TopK extends LogitsProcessorKind {
  /** How many are kept; 0 for all. */
  public static final Setting<Integer> TOP_K = Setting.whole("top_k", 50, 0);

  /** Describes the kind. */
  public TopK() {
    super(220, true, TOP_K);
  }

  @Override
  public @Nullable LogitsProcessor create(GenerationConfig config, Row row) {
    int k = config.get(TOP_K);
    if (k == 0) {
      return null;
    }
    return (scores, history) -> {
      float least = Scores.largest(scores, Math.max(k, row.keep()));
      for (int i = 0; i < scores.length; i++) {
        if (scores[i] < least) {
          Scores.exclude(scores, i);
        }
      }
    };
  }
}
