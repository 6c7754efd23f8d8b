package dev.peft4j.generate;

import com.google.auto.service.AutoService;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The only token that may follow a prompt of one token. */
@AutoService(LogitsProcessorKind.class)
public final class ForcedBos extends LogitsProcessorKind {
  /** The token. */
  public static final Setting<Integer> FORCED_BOS_TOKEN_ID =
      Setting.whole("forced_bos_token_id", null, 0);

  /** Describes the kind. */
  public ForcedBos() {
    super(100, false, FORCED_BOS_TOKEN_ID);
  }

  @Override
  public @Nullable LogitsProcessor create(GenerationConfig config, Row row) {
    Integer id = config.find(FORCED_BOS_TOKEN_ID);
    if (id == null) {
      return null;
    }
    return (scores, history) -> {
      if (history.length() == 1) {
        Scores.force(scores, List.of(id));
      }
    };
  }
}
