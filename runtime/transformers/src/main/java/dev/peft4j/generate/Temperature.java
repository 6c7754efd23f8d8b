package dev.peft4j.generate;

import com.google.auto.service.AutoService;
import org.jspecify.annotations.Nullable;

/** Scores divided by a temperature: below 1 the probable tokens become more probable. */
@AutoService(LogitsProcessorKind.class)
public final class Temperature extends LogitsProcessorKind {
  /** The temperature; 1 changes nothing. */
  public static final Setting<Double> TEMPERATURE =
      Setting.number(
          "temperature",
          1.0,
          "a number above 0; for the most probable token alone do not sample",
          x -> x > 0);

  /** Describes the kind. */
  public Temperature() {
    super(200, true, TEMPERATURE);
  }

  @Override
  public @Nullable LogitsProcessor create(GenerationConfig config, Row row) {
    float t = config.get(TEMPERATURE).floatValue();
    return t == 1
        ? null
        : (scores, history) -> {
          for (int i = 0; i < scores.length; i++) {
            scores[i] /= t;
          }
        };
  }
}
