package dev.peft4j.generate;

import com.google.auto.service.AutoService;
import org.jspecify.annotations.Nullable;

/** Log-probabilities instead of scores. */
@AutoService(LogitsProcessorKind.class)
public final class Renormalize extends LogitsProcessorKind {
  /** Whether to do so. */
  public static final Setting<Boolean> RENORMALIZE_LOGITS =
      Setting.flag("renormalize_logits", false);

  /** Describes the kind. */
  public Renormalize() {
    super(300, false, RENORMALIZE_LOGITS);
  }

  @Override
  public @Nullable LogitsProcessor create(GenerationConfig config, Row row) {
    return config.get(RENORMALIZE_LOGITS) ? (scores, history) -> Scores.logSoftmax(scores) : null;
  }
}
