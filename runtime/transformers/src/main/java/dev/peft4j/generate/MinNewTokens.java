package dev.peft4j.generate;

import com.google.auto.service.AutoService;
import org.jspecify.annotations.Nullable;

/** No end of the text before a number of new tokens. */
@AutoService(LogitsProcessorKind.class)
public final class MinNewTokens extends LogitsProcessorKind {
  /** The least number of new tokens. */
  public static final Setting<Integer> MIN_NEW_TOKENS = Setting.whole("min_new_tokens", null, 0);

  /** Describes the kind. */
  public MinNewTokens() {
    super(80, false, MIN_NEW_TOKENS);
  }

  @Override
  public @Nullable LogitsProcessor create(GenerationConfig config, Row row) {
    Integer least = config.find(MIN_NEW_TOKENS);
    if (least == null || least == 0 || row.eos().isEmpty()) {
      return null;
    }
    return (scores, history) -> {
      if (history.newTokens() < least) {
        Scores.exclude(scores, row.eos());
      }
    };
  }
}
