package dev.peft4j.generate;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.auto.service.AutoService;
import org.jspecify.annotations.Nullable;

/** An end of the text that becomes more probable from token to token. */
@AutoService(LogitsProcessorKind.class)
public final class ExponentialDecay extends LogitsProcessorKind {
  /**
   * The place where it begins, and how fast it grows.
   *
   * @param start new tokens before it begins
   * @param factor what it grows by from token to token; above 1
   */
  public record Decay(int start, double factor) {
    static @Nullable Decay read(JsonNode json) {
      Integer start = json.size() == 2 ? Setting.wholeNumber(json.get(0)) : null;
      return start == null || !json.get(1).isNumber()
          ? null
          : new Decay(start, json.get(1).doubleValue());
    }
  }

  /** Start and factor. */
  public static final Setting<Decay> LENGTH_PENALTY =
      new Setting<>(
          "exponential_decay_length_penalty",
          null,
          "a pair: a whole number from 0, and a factor",
          d -> d.start() >= 0 && Double.isFinite(d.factor()),
          Decay::read);

  /** Describes the kind. */
  public ExponentialDecay() {
    super(130, false, LENGTH_PENALTY);
  }

  @Override
  public @Nullable LogitsProcessor create(GenerationConfig config, Row row) {
    Decay decay = config.find(LENGTH_PENALTY);
    if (decay == null) {
      return null;
    }
    if (row.eos().isEmpty()) {
      throw new IllegalArgumentException(
          "exponential_decay_length_penalty makes the end of a text more probable, but there is no"
              + " eos_token_id");
    }
    return (scores, history) -> {
      int steps = history.newTokens() - decay.start();
      if (steps > 0) {
        float growth = (float) (Math.pow(decay.factor(), steps) - 1);
        for (int id : row.eos()) {
          scores[id] += Math.abs(scores[id]) * growth;
        }
      }
    };
  }
}
