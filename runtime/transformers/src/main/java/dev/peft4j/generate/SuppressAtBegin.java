package dev.peft4j.generate;

import com.google.auto.service.AutoService;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Tokens that the first new one may not be. */
@AutoService(LogitsProcessorKind.class)
public final class SuppressAtBegin extends LogitsProcessorKind {
  /** The tokens. */
  public static final Setting<List<Integer>> BEGIN_SUPPRESS_TOKENS =
      Setting.tokens("begin_suppress_tokens");

  /** Describes the kind. */
  public SuppressAtBegin() {
    super(150, false, BEGIN_SUPPRESS_TOKENS);
  }

  @Override
  public @Nullable LogitsProcessor create(GenerationConfig config, Row row) {
    List<Integer> ids = config.find(BEGIN_SUPPRESS_TOKENS);
    if (ids == null) {
      return null;
    }
    boolean forcedFirst =
        row.prompt().size() <= 1 && config.find(ForcedBos.FORCED_BOS_TOKEN_ID) != null;
    return (scores, history) -> {
      if (history.newTokens() == (forcedFirst ? 1 : 0)) {
        Scores.exclude(scores, ids);
      }
    };
  }
}
