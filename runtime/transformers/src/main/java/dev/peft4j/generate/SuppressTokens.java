package dev.peft4j.generate;

import com.google.auto.service.AutoService;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Tokens that may not occur. */
@AutoService(LogitsProcessorKind.class)
public final class SuppressTokens extends LogitsProcessorKind {
  /** The tokens. */
  public static final Setting<List<Integer>> SUPPRESS_TOKENS = Setting.tokens("suppress_tokens");

  /** Describes the kind. */
  public SuppressTokens() {
    super(140, false, SUPPRESS_TOKENS);
  }

  @Override
  public @Nullable LogitsProcessor create(GenerationConfig config, Row row) {
    List<Integer> ids = config.find(SUPPRESS_TOKENS);
    return ids == null ? null : (scores, history) -> Scores.exclude(scores, ids);
  }
}
