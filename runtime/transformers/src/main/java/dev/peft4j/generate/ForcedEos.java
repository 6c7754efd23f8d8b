package dev.peft4j.generate;

import com.google.auto.service.AutoService;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The tokens that a text of the largest length ends with. */
@AutoService(LogitsProcessorKind.class)
public final class ForcedEos extends LogitsProcessorKind {
  /** The tokens. */
  public static final Setting<List<Integer>> FORCED_EOS_TOKEN_ID =
      Setting.tokens("forced_eos_token_id");

  /** Describes the kind. */
  public ForcedEos() {
    super(110, false, FORCED_EOS_TOKEN_ID);
  }

  @Override
  public @Nullable LogitsProcessor create(GenerationConfig config, Row row) {
    List<Integer> ids = config.find(FORCED_EOS_TOKEN_ID);
    if (ids == null) {
      return null;
    }
    return (scores, history) -> {
      if (history.length() == row.maxLength() - 1) {
        Scores.force(scores, ids);
      }
    };
  }
}
