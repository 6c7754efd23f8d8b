package dev.peft4j.generate;

import com.google.auto.service.AutoService;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Scores of tokens of the prompt, more probable for a value above 1: the text stays with its
 * prompt.
 */
@AutoService(LogitsProcessorKind.class)
public final class PromptRepetitionPenalty extends LogitsProcessorKind {
  /** The reward; 1 changes nothing. */
  public static final Setting<Double> ENCODER_REPETITION_PENALTY =
      Setting.number("encoder_repetition_penalty", 1.0, "a number above 0", x -> x > 0);

  /** Describes the kind. */
  public PromptRepetitionPenalty() {
    super(20, false, ENCODER_REPETITION_PENALTY);
  }

  @Override
  public @Nullable LogitsProcessor create(GenerationConfig config, Row row) {
    double reward = config.get(ENCODER_REPETITION_PENALTY);
    if (reward == 1) {
      return null;
    }
    BitSet prompt = new BitSet();
    row.prompt().forEach(prompt::set);
    return (scores, history) -> RepetitionPenalty.penalize(scores, prompt, (float) (1 / reward));
  }
}
