package dev.peft4j.generate;

import com.google.auto.service.AutoService;
import org.jspecify.annotations.Nullable;

/** Sequences of n tokens of the prompt that may not occur again. */
@AutoService(LogitsProcessorKind.class)
public final class NoPromptNgram extends LogitsProcessorKind {
  /** The n; 0 excludes nothing. */
  public static final Setting<Integer> ENCODER_NO_REPEAT_NGRAM_SIZE =
      Setting.whole("encoder_no_repeat_ngram_size", 0, 0);

  /** Describes the kind. */
  public NoPromptNgram() {
    super(50, false, ENCODER_NO_REPEAT_NGRAM_SIZE);
  }

  @Override
  public @Nullable LogitsProcessor create(GenerationConfig config, Row row) {
    int n = config.get(ENCODER_NO_REPEAT_NGRAM_SIZE);
    if (n == 0) {
      return null;
    }
    int[] prompt = row.prompt().stream().mapToInt(i -> i).toArray();
    return (scores, history) -> NoRepeatNgram.exclude(scores, history, prompt, n);
  }
}
