package dev.peft4j.generate;

import com.google.auto.service.AutoService;
import org.jspecify.annotations.Nullable;

/** Scores that are finite: NaN becomes 0, infinity the largest or smallest number. */
@AutoService(LogitsProcessorKind.class)
public final class RemoveInvalid extends LogitsProcessorKind {
  /** Whether to do so. */
  public static final Setting<Boolean> REMOVE_INVALID_VALUES =
      Setting.flag("remove_invalid_values", false);

  /** Describes the kind. */
  public RemoveInvalid() {
    super(120, false, REMOVE_INVALID_VALUES);
  }

  @Override
  public @Nullable LogitsProcessor create(GenerationConfig config, Row row) {
    if (!config.get(REMOVE_INVALID_VALUES)) {
      return null;
    }
    return (scores, history) -> {
      for (int i = 0; i < scores.length; i++) {
        float s = Float.isNaN(scores[i]) ? 0 : scores[i];
        scores[i] = Math.clamp(s, -Float.MAX_VALUE, Float.MAX_VALUE);
      }
    };
  }
}
