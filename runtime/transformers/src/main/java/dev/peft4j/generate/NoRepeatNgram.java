package dev.peft4j.generate;

import com.google.auto.service.AutoService;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Sequences of n tokens that may occur only once: a token that would repeat one is excluded. */
@AutoService(LogitsProcessorKind.class)
public final class NoRepeatNgram extends LogitsProcessorKind {
  /** The n; 0 excludes nothing. */
  public static final Setting<Integer> NO_REPEAT_NGRAM_SIZE =
      Setting.whole("no_repeat_ngram_size", 0, 0);

  /** Describes the kind. */
  public NoRepeatNgram() {
    super(40, false, NO_REPEAT_NGRAM_SIZE);
  }

  @Override
  public @Nullable LogitsProcessor create(GenerationConfig config, Row row) {
    int n = config.get(NO_REPEAT_NGRAM_SIZE);
    return n == 0 ? null : (scores, history) -> exclude(scores, history, history.toArray(), n);
  }

  /**
   * Excludes what would repeat n tokens of a text.
   *
   * @param text whose sequences of n tokens may not follow
   */
  static void exclude(float[] scores, TokenHistory history, int[] text, int n) {
    int length = history.length();
    if (length < n - 1) {
      return;
    }
    int[] end = history.range(length - (n - 1), length);
    for (int i = 0; i + n <= text.length; i++) {
      int next = text[i + n - 1];
      if (next < scores.length && Arrays.equals(text, i, i + n - 1, end, 0, n - 1)) {
        Scores.exclude(scores, next);
      }
    }
  }
}
