package dev.peft4j.generate;

import com.google.auto.service.AutoService;
import org.jspecify.annotations.Nullable;

/** No end of the text before a length, prompt included. */
@AutoService(LogitsProcessorKind.class)
public final class MinLength extends LogitsProcessorKind {
  /** The least length; 0 excludes nothing. */
  public static final Setting<Integer> MIN_LENGTH = Setting.whole("min_length", 0, 0);

  /** Describes the kind. */
  public MinLength() {
    super(70, false, MIN_LENGTH);
  }

  @Override
  public @Nullable LogitsProcessor create(GenerationConfig config, Row row) {
    int least = config.get(MIN_LENGTH);
    if (least == 0 || row.eos().isEmpty()) {
      return null;
    }
    return (scores, history) -> {
      if (history.length() < least) {
        Scores.exclude(scores, row.eos());
      }
    };
  }
}
